"""The demo's review cases: children without a number, and records that may be one child."""

from joinedup.hub.identifiers.asking import Asker, record_outcome, record_question
from joinedup.hub.organisations.models import MachineClient, Organisation
from joinedup.hub.reconciliation import links
from joinedup.hub.reconciliation.conflicts import Found, open_cases
from joinedup.hub.reconciliation.models import Kind, ReviewCase
from joinedup.identify.outcome import Outcome, Status
from joinedup.linkage.constraints import Reason, Ref, words
from joinedup.linkage.link_report import MEANINGS
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics

_ASKED = (
    (
        {"given": "Rowen", "family": "Testerton", "birth_date": "2014-03-26", "gender": "female"},
        Outcome(
            Status.POTENTIAL_MATCH,
            score=0.93,
            reasons=("given name is spelled almost the same", "date of birth differs in one digit"),
            advice="Check the date of birth.",
        ),
    ),
    (
        {"given": "Sam", "family": "Doubleday", "birth_date": "2015-06-01"},
        Outcome(
            Status.MANY_MATCH,
            score=0.5,
            reasons=("several people fit these details and nothing tells them apart",),
            advice="Add a postcode or a middle name.",
        ),
    ),
)

_HOME = {"family": "Doubleday", "birth_date": "2015-06-01", "postcode": "LS6 2AB"}
_TWINS = Ref("schools", "DEMO-1"), Ref("schools", "DEMO-2")
_MOVED = Ref("schools", "DEMO-3"), Ref("health", "DEMO-4")
_RECORDS = {
    _TWINS[0]: {**_HOME, "given": "Sam", "gender": "male"},
    _TWINS[1]: {**_HOME, "given": "Alfie", "gender": "male"},
    _MOVED[0]: {"given": "Katherine", "family": "Sampleworth", "birth_date": "2012-11-09",
                "gender": "female", "postcode": "LS1 4AP"},
    _MOVED[1]: {"given": "Kate", "family": "Sampleworth", "birth_date": "2012-09-11",
                "gender": "female", "postcode": "M14 9AJ"},
}  # fmt: skip
_CASES: tuple[Found, ...] = (
    (
        Kind.CONFLICT,
        MEANINGS[Reason.SIDE_BY_SIDE],
        [words(Reason.SIDE_BY_SIDE, *_TWINS)],
        _TWINS,
    ),
    (
        Kind.POSSIBLE,
        "The evidence is not enough to join these records, and too much to ignore.",
        [],
        _MOVED,
    ),
)


def seed_cases(client: MachineClient) -> None:
    """Open the demo's cases where it has none, so that a decision stays decided."""
    if ReviewCase.objects.exists():
        return
    asker = Asker(client.organisation, client.purpose, client.requests_per_minute, client)
    for given, outcome in _ASKED:
        request = record_question(asker, Demographics.read(given))
        record_outcome(request, outcome, given)
    identities = links.current().identities
    for ref, raw in _RECORDS.items():
        identities.add(LinkRecord.of(*ref, Demographics.read(raw)))
    for organisation in Organisation.objects.filter(kind__in=["childrens-services", "education"]):
        open_cases(_CASES, organisation)
