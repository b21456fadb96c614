"""Questions that are put rightly, to be spoilt in one respect; and any question at all."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from joinedup.policy.agreement import AgreementRule, Effect
from joinedup.policy.catalogue import Depth, national
from joinedup.policy.policy import Policy
from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship

TODAY = date(2026, 11, 23)
LONG_AGO = date(2020, 1, 1)

CARE = Party("CARE", "childrens-services", "s11", LONG_AGO)
POLICE = Party("POLICE", "police", "s11", LONG_AGO)
SCHOOL = Party("SCHOOL", "education", "s16E", LONG_AGO)
CLINIC = Party("CLINIC", "health", "other", LONG_AGO)
HOSPITAL = Party("HOSPITAL", "health", "s11", LONG_AGO)
HIRED = Party("HIRED", "supplier", "contractor", LONG_AGO, principal=CARE)

CHILD = Child(born=date(2015, 6, 1))
FIND = Question(
    Action.FIND,
    TODAY,
    CARE,
    "social-worker",
    "section-47",
    "public-task",
    CHILD,
    SCHOOL,
    "education.details",
    Relationship.CASELOAD,
)
FETCH = replace(FIND, action=Action.FETCH)
LOOK_UP = replace(FIND, action=Action.LOOK_UP, holder=None, record_type="", relationship=None)
PUBLISH = Question(
    Action.PUBLISH,
    TODAY,
    SCHOOL,
    "",
    "register",
    "public-task",
    CHILD,
    record_type="education.details",
)
BREAK_GLASS = Question(
    Action.BREAK_GLASS,
    TODAY,
    POLICE,
    "police-sergeant",
    "police-emergency",
    "vital-interests",
    Child(born=date(2015, 6, 1), level=Level.NO_LOCATION),
    reason_given=True,
    stepped_up=True,
)
RIGHTLY_PUT = (FIND, FETCH, LOOK_UP, PUBLISH, BREAK_GLASS)

RULE = AgreementRule(
    "DSA-1",
    "Westmarch families",
    sources=frozenset({"SCHOOL"}),
    destinations=frozenset({"CARE"}),
    record_types=frozenset({"education.details"}),
    purposes=frozenset({"section-47"}),
    depth=Depth.CONTENT,
    valid_from=LONG_AGO,
)
AGREED = Policy([RULE])
NOTHING_AGREED = Policy()

_CATALOGUE = national()
DAYS = st.dates(TODAY - timedelta(days=400), TODAY + timedelta(days=400))
_CODES = st.sampled_from(["CARE", "POLICE", "SCHOOL", "CLINIC", "HOSPITAL", "HIRED"])
_KINDS = st.sampled_from(["childrens-services", "police", "education", "health", "supplier"])
_CLASSES = st.sampled_from(["s11", "s16E", "contractor", "other", "", "unheard-of"])


def _known_or_not(known):
    """Mostly what the catalogue has, now and then what nobody knows."""
    return st.one_of(
        st.sampled_from(sorted(known)), st.sampled_from(sorted(known)), st.text(max_size=8)
    )


def _parties(principals):
    return st.builds(
        Party, _CODES, _KINDS, _CLASSES, DAYS, st.none() | DAYS, st.none() | principals
    )


PARTIES = st.sampled_from([CARE, POLICE, SCHOOL, HOSPITAL, CLINIC, HIRED]) | _parties(
    _parties(st.none())
)
PURPOSES = _known_or_not(_CATALOGUE.purposes)
BASES = _known_or_not(_CATALOGUE.bases)
RECORD_TYPES = _known_or_not(_CATALOGUE.record_types)
ROLES = st.sampled_from(
    ["", "social-worker", "police-sergeant", "nurse", "safeguarding-lead", "data-officer", "cook"]
)
CHILDREN = st.builds(
    Child,
    st.none() | st.dates(date(1998, 1, 1), TODAY + timedelta(days=300)),
    st.none() | DAYS,
    st.none() | DAYS,
    st.sampled_from(Level),
)
QUESTIONS = st.builds(
    Question,
    st.sampled_from(Action),
    DAYS,
    PARTIES,
    ROLES,
    PURPOSES,
    BASES,
    CHILDREN,
    st.none() | PARTIES,
    RECORD_TYPES,
    st.none() | st.sampled_from(Relationship),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
_NAMES = st.sets(
    _CODES | _KINDS.map("kind:{}".format) | _CLASSES.map("class:{}".format),
    min_size=1,
    max_size=4,
)
RULES = st.builds(
    AgreementRule,
    st.sampled_from(["DSA-1", "DSA-2", "DSA-3"]),
    st.just("An agreement"),
    _NAMES.map(frozenset),
    _NAMES.map(frozenset),
    st.sets(st.sampled_from(sorted(_CATALOGUE.record_types)), min_size=1).map(frozenset),
    st.sets(st.sampled_from(sorted(_CATALOGUE.purposes)), min_size=1).map(frozenset),
    st.sampled_from([Depth.EXISTENCE, Depth.CONTENT]),
    DAYS,
    st.none() | DAYS,
    st.sampled_from(Effect),
)


@st.composite
def nearly_right(draw):
    """A question put rightly but for at most two respects, so that many are allowed."""
    question = draw(st.sampled_from(RIGHTLY_PUT))
    other = draw(QUESTIONS)
    fields = draw(st.sets(st.sampled_from(sorted(Question.__slots__)), max_size=2))
    return replace(question, **{name: getattr(other, name) for name in fields})
