"""The source of truth as an outsider may see it: shielded children as if they were not there.

Whatever asks goes on exactly as it would if nobody fitted, so that no count, reason or score can
depend on a shield. The PDS does this for its own flag; here it holds for ours as well.
"""

from dataclasses import replace

from django.db import transaction

from joinedup.hub.register import supersession
from joinedup.hub.sharing import corrections
from joinedup.hub.shields import following
from joinedup.hub.shields.levels import level_of
from joinedup.pds.patient import PdsPatient, Security
from joinedup.pds.search import Answer, Found, NotFound, Search, Source
from joinedup.policy.question import Level


class OpenSource:
    """Puts a question to a source and takes out of the answer what is shielded."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def search(self, search: Search) -> Answer:
        """Search; by what a shield hides, nobody shielded is found."""
        answer = self._source.search(search)
        if isinstance(answer, NotFound):
            _look_up(_NOBODY, Level.OPEN)  # the same questions to the database as for somebody
        if not isinstance(answer, Found):
            return answer
        by_place = search.postcode or search.phone or search.email
        return self._shown(answer, by_place=bool(by_place))

    def read(self, nhs_number: str) -> Answer:
        """Read by number; a number that was replaced keeps its child's shield."""
        answer = self._source.read(nhs_number)
        if not isinstance(answer, Found):
            return answer
        told = answer.patient.nhs_number
        with transaction.atomic():
            if told == nhs_number:
                supersession.in_force(nhs_number)
            elif supersession.learnt(nhs_number, told):
                following.superseded(nhs_number, told)
                corrections.superseded(nhs_number, told)
        return self._shown(answer, by_place=False)

    def _shown(self, answer: Found, *, by_place: bool) -> Answer:
        patient = answer.patient
        level = _look_up(patient.nhs_number, _LEVEL[patient.security])
        if level is Level.OPEN:
            return answer
        if level is Level.NOT_DISCOVERABLE or by_place:
            return NotFound()
        return replace(answer, patient=_without_place(patient))


def _look_up(number: str, flag: Level) -> Level:
    """Keep the source's flag where it is new, and give the level that counts."""
    following.flagged(number, flag)
    return level_of(number)


def _without_place(patient: PdsPatient) -> PdsPatient:
    """Leave out what the PDS leaves out of a restricted person's record."""
    return replace(
        patient,
        security=Security.RESTRICTED,
        addresses=(),
        phones=(),
        emails=(),
        gp_ods=None,
    )


_NOBODY = "0"
_LEVEL = {
    Security.UNRESTRICTED: Level.OPEN,
    Security.RESTRICTED: Level.NO_LOCATION,
    Security.VERY_RESTRICTED: Level.NOT_DISCOVERABLE,
}
