"""Is the person found the child? The calls that can still settle a doubt, and no others."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import date

from joinedup.identify.case import Asking, Case
from joinedup.identify.evidence import Said, weigh
from joinedup.identify.strategy import Ask
from joinedup.pds.patient import PdsPatient, Security
from joinedup.pds.search import Answer, Found, NotFound, Search
from joinedup.people.compare import Level, compare_family

_SAME_FAMILY = {Level.EXACT, Level.VARIANT, Level.CLOSE}


def _full_date(text: str | None) -> date | None:
    """A FHIR date, if it is a whole one."""
    try:
        return date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None


def _is(answer: Answer, patient: PdsPatient) -> bool:
    """Whether the answer is that very person."""
    return isinstance(answer, Found) and answer.patient.nhs_number == patient.nhs_number


@dataclass
class _Candidate:
    """One person found, what the source has said of them, and the evidence that it makes."""

    case: Case
    patient: PdsPatient
    said: Said

    def __post_init__(self) -> None:
        self.evidence = weigh(self.case.question, self.patient, self.said)

    def learn(self, patient: PdsPatient | None = None, **said: bool) -> None:
        """Weigh again, with a fuller record or what another search said."""
        self.patient = patient or self.patient
        self.said = replace(self.said, **said)
        self.evidence = weigh(self.case.question, self.patient, self.said)

    def would_do(self, **said: bool) -> bool:
        """Whether this answer, and nothing less, would settle it."""
        if self.evidence.accepted:
            return False
        return weigh(self.case.question, self.patient, replace(self.said, **said)).accepted

    @property
    def home(self) -> str | None:
        return next((a.postcode for a in self.patient.addresses if a.postcode), None)

    @property
    def family(self) -> str | None:
        return self.patient.names[0].family if self.patient.names else None

    def at_home(self, **changes: object) -> Search:
        """The search for anybody of the family name at this person's home, changed as asked."""
        base = Search(family=self.family, postcode=self.home, history=True)
        return replace(base, **changes)  # type: ignore[arg-type]


_Checking = Generator[Ask, Answer, None]


def _read_former_names(found: _Candidate) -> _Checking:
    """A search knows former names and multiple births; only a read shows them."""
    given, family = found.evidence.level("given"), found.evidence.level("family")
    # Found by its names, and showing another: the one asked is a former name, or only sounds alike.
    changed = not found.evidence.accepted and (
        family in {Level.DIFFERENT, Level.CLOSE}
        or (given is Level.DIFFERENT and found.said.only_one)
    )
    other = given is Level.POSSIBLE and found.would_do(unnamed=True)
    # Whoever that is, it is the child or a brother or sister: no other search tells which.
    found.case.cannot_tell |= other
    if changed or other:
        answer = yield Ask("former-names", found.patient.nhs_number)
        if isinstance(answer, Found) and _is(answer, found.patient):
            found.learn(answer.patient)


def _ask_former_address(found: _Candidate) -> _Checking:
    """Did the person live at the postcode asked?"""
    postcode = found.case.question.postcode.value
    if (
        postcode
        and not found.said.postcode_known
        and found.patient.security is Security.UNRESTRICTED
        and found.evidence.level("postcode") is not Level.EXACT
        and found.would_do(postcode_known=True, no_rival=True)
    ):
        search = found.at_home(
            given=found.patient.names[0].given[:1],
            birth_from=found.case.born,
            birth_to=found.case.born,
            postcode=postcode,
        )
        answer = yield Ask("former-address", search)
        found.learn(postcode_known=_is(answer, found.patient))


def _ask_rival(found: _Candidate) -> _Checking:
    """Is there somebody else of this family name and date: a twin?"""
    if found.case.crowd or not found.would_do(no_rival=True):
        return
    born = _full_date(found.patient.birth_date) or found.case.born
    answer = yield Ask("rival", found.at_home(birth_from=born, birth_to=born))
    if _is(answer, found.patient):
        found.learn(no_rival=True)
    else:
        found.case.cannot_tell = True
        found.case.notes.append(
            "somebody else there has this family name and date of birth: a twin?"
        )


def _ask_other_name(found: _Candidate) -> _Checking:
    """By custom the child may have the name asked beside the one held: has anybody else there?"""
    case, family = found.case, found.family
    if (
        case.crowd
        or not found.home
        or not found.would_do(unnamed=True)
        or compare_family(case.family, family).level not in _SAME_FAMILY
    ):
        return
    search = found.at_home(given=case.given.to_ask[:1], **case.childhood)
    answer = yield Ask("somebody-of-this-name", search)
    if isinstance(answer, NotFound):
        case.notes.append("nobody of the given name asked is known there")
        found.learn(unnamed=True)


def _named_alike_there(found: _Candidate) -> Generator[Ask, Answer, bool]:
    """Whether the date may be a brother's or sister's by mistake.

    One with this child's name in the middle, or one whom the source still calls "Baby".
    """
    question = found.case.question
    if (
        not found.evidence.accepted
        or not (question.given.value and question.postcode.value)
        or found.evidence.level("given") not in {Level.PART, Level.MISSING}
    ):
        return False
    search = found.case.names_and_date(
        postcode=question.postcode.value, history=True, **found.case.childhood
    )
    answer = yield Ask("somebody-of-this-name", search)
    return not (isinstance(answer, NotFound) or _is(answer, found.patient))


def settle(case: Case, patient: PdsPatient, **said: bool) -> Asking:
    """Accept the person found if it is safe, with the calls that can still settle a doubt."""
    found = _Candidate(case, patient, Said(**said))
    yield from _read_former_names(found)
    if found.family is not None:
        yield from _ask_former_address(found)
        yield from _ask_rival(found)
        yield from _ask_other_name(found)
        if (yield from _named_alike_there(found)):
            case.notes.append("somebody of this name lives there who was born on another day")
            return case.conflict(found.evidence)
        if found.evidence.accepted:
            return case.match(found.evidence)
    case.keep(found.evidence)
    return None
