"""Our own strategy, and the default: the fewest calls that lead to a safe answer.

1. A number already held is confirmed with one read.
2. Names and birth date are searched first, without the postcode: a restricted child is never
   returned when a postcode is sent, and the address that comes back is then proof of its own.
   Names that sound alike are searched in the same call, so one hit also says that nobody else fits.
3. Whoever comes back is compared field by field. If the evidence leaves a doubt that one more call
   can settle, that call is made: former names, former addresses, a twin who sounds alike.
4. If nobody came back, the likeliest mistake is tried next: a name wrong, then the date wrong,
   then both the postcode and one of them.
It stops as soon as no answer to a further call could change the outcome.
"""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from joinedup.identify.evidence import WEIGHTS, Evidence, weigh
from joinedup.identify.outcome import Status
from joinedup.identify.strategy import Ask, Course, Strategy, Verdict
from joinedup.pds.patient import PdsPatient, Security
from joinedup.pds.search import Answer, Found, Invalidated, NotFound, Search, TooMany
from joinedup.people.compare import Level
from joinedup.people.demographics import Demographics
from joinedup.people.frequency import BIRTHS_A_DAY, family_share
from joinedup.people.names import Name

# Above this many births a day of one family name, searching by it and the date finds too many.
_RARE_A_DAY = 0.3

_CHILDHOOD = 17  # years
_SAME_NAME = {Level.EXACT, Level.VARIANT}

_Asking = Generator[Ask, Answer, Verdict | None]


@dataclass
class _Case:
    """One child's question and what has been learnt so far."""

    question: Demographics
    family: Name
    born: date
    notes: list[str] = field(default_factory=list)  # reasons that hold whatever is found
    best: Evidence | None = None  # the best person seen who was not accepted
    held_namesake: str | None = None  # the number held is of somebody of this name
    many: bool = False  # some search found several people and nothing told them apart

    @property
    def given(self) -> Name:
        """The given name; asked for only where there is one."""
        if self.question.given.value is None:
            raise ValueError("no given name")
        return self.question.given.value

    def names_and_date(self, **changes: object) -> Search:
        """The search by names and birth date, changed as asked."""
        base = Search(
            family=self.family.text,
            given=(self.question.given.value.first,) if self.question.given.value else (),
            birth_from=self.born,
            birth_to=self.born,
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    def keep(self, evidence: Evidence) -> None:
        if self.best is None or evidence.weight > self.best.weight:
            self.best = evidence

    def conflict(self, evidence: Evidence) -> Verdict:
        """Good evidence for this person, and something that speaks for another."""
        reasons = (*self.notes, *evidence.reasons())
        return Verdict(Status.POTENTIAL_MATCH, score=evidence.confidence, reasons=reasons)

    def match(self, evidence: Evidence) -> Verdict:
        if self.held_namesake not in (None, evidence.patient.nhs_number):
            return self.conflict(evidence)
        reasons = (*self.notes, *evidence.reasons())
        if evidence.patient.deceased:
            reasons += ("the record says that this person has died",)
        return Verdict(Status.MATCH, evidence.patient.nhs_number, evidence.confidence, reasons)

    def doubt(self) -> Verdict:
        """The verdict when every useful call has been made and none settled it."""
        if self.many:
            reasons = (*self.notes, "several people fit these details and nothing tells them apart")
            score = self.best.confidence if self.best else None
            return Verdict(Status.MANY_MATCH, score=score, reasons=reasons)
        if self.best is None:
            reasons = (*self.notes, "nobody fits these details, nor close to them")
            return Verdict(Status.NO_MATCH, reasons=reasons)
        likely = self.best.weight >= WEIGHTS["accept"]["potential"]
        status = Status.POTENTIAL_MATCH if likely else Status.LOW_CONFIDENCE_MATCH
        reasons = (*self.notes, *self.best.reasons())
        return Verdict(status, score=self.best.confidence, reasons=reasons)


def _confirm_held_number(case: _Case, number: str) -> _Asking:
    """One read of the number held: does it belong to this child?"""
    answer = yield Ask("read-held-number", number)
    if isinstance(answer, Invalidated):
        # A new number after an adoption must never be inferred from the old one, so no search.
        return Verdict(
            Status.NO_MATCH,
            reasons=(
                "the NHS number held has been withdrawn and nothing replaced it; a new number must "
                "not be looked for from these details: ask the National Back Office",
            ),
        )
    if isinstance(answer, NotFound):
        case.notes.append("the NHS number held is not known to the source of truth")
    if isinstance(answer, Found):
        evidence = weigh(case.question, answer.patient, only_one=False, held_number=True)
        if evidence.accepted:
            case.notes.append(
                "the NHS number held is confirmed"
                if answer.patient.nhs_number == number
                else "the NHS number held has been replaced by a newer one"
            )
            return case.match(evidence)
        if evidence.level("given") is Level.MISSING and evidence.level("family") is Level.MISSING:
            case.notes.append("the record of the NHS number held shows no name to compare")
        else:
            case.notes.append("the NHS number held belongs to somebody else, or details differ")
            if evidence.level("given") in _SAME_NAME and evidence.level("family") in _SAME_NAME:
                case.held_namesake = answer.patient.nhs_number
    return None


def _full_date(text: str | None) -> date | None:
    """A FHIR date, if it is a whole one."""
    try:
        return date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None


def _is(answer: Answer, patient: PdsPatient) -> bool:
    """Whether the answer is that very person."""
    return isinstance(answer, Found) and answer.patient.nhs_number == patient.nhs_number


def _settle(case: _Case, patient: PdsPatient, *, only_one: bool, sent_postcode: bool) -> _Asking:
    """Accept the person found if it is safe, with the calls that can still settle a doubt."""
    weighing = partial(weigh, case.question, only_one=only_one)
    evidence = weighing(patient, postcode_known=sent_postcode)

    if not evidence.accepted and evidence.level("family") in {Level.DIFFERENT, Level.CLOSE}:
        # The search knows former names; only a read shows them.
        answer = yield Ask("former-names", patient.nhs_number)
        if isinstance(answer, Found) and _is(answer, patient):
            patient = answer.patient
            evidence = weighing(patient, postcode_known=sent_postcode)

    name = patient.names[0] if patient.names else None
    if name is None or name.family is None:
        case.keep(evidence)
        return None

    known = sent_postcode
    postcode = case.question.postcode.value
    if (
        not evidence.accepted
        and postcode
        and not known
        and patient.security is Security.UNRESTRICTED
        and evidence.level("postcode") is not Level.EXACT
        and weighing(patient, postcode_known=True, no_rival=True).accepted
    ):
        search = Search(
            family=name.family,
            given=name.given[:1],
            birth_from=case.born,
            birth_to=case.born,
            postcode=postcode,
            history=True,
        )
        answer = yield Ask("former-address", search)
        known = _is(answer, patient)
        evidence = weighing(patient, postcode_known=known)

    if not evidence.accepted and weighing(patient, postcode_known=known, no_rival=True).accepted:
        born = _full_date(patient.birth_date) or case.born
        search = Search(
            family=name.family,
            birth_from=born,
            birth_to=born,
            postcode=next((a.postcode for a in patient.addresses if a.postcode), None),
            history=True,
        )
        answer = yield Ask("rival", search)
        if _is(answer, patient):
            evidence = weighing(patient, postcode_known=known, no_rival=True)
        else:
            case.notes.append("somebody else there has this family name and date of birth: a twin?")

    if (
        evidence.accepted
        and case.question.given.value
        and evidence.level("given") in {Level.PART, Level.MISSING}
        and case.question.postcode.value
    ):
        # The date may be a brother's or sister's by mistake: one with this child's name in the
        # middle, or one whom the source still calls "Baby".
        search = case.names_and_date(
            birth_from=date(case.born.year - _CHILDHOOD, 1, 1),
            birth_to=date(case.born.year + _CHILDHOOD, 12, 31),
            postcode=case.question.postcode.value,
            history=True,
        )
        answer = yield Ask("somebody-of-this-name", search)
        if not (isinstance(answer, NotFound) or _is(answer, patient)):
            case.notes.append("somebody of this name lives there who was born on another day")
            return case.conflict(evidence)

    if evidence.accepted:
        return case.match(evidence)
    case.keep(evidence)
    return None


def _tell_apart(case: _Case) -> _Asking:
    """Several people sound alike or share names and date: the exact names and postcode decide."""
    postcode = case.question.postcode.value
    if postcode:
        search = case.names_and_date(postcode=postcode, history=True)
        answer = yield Ask("exact-names-at-postcode", search)
        if isinstance(answer, Found):
            verdict = yield from _settle(case, answer.patient, only_one=False, sent_postcode=True)
            if verdict:
                return verdict
    answer = yield Ask("exact-names", case.names_and_date(history=True))
    if isinstance(answer, Found):
        verdict = yield from _settle(case, answer.patient, only_one=True, sent_postcode=False)
        if verdict:
            return verdict
    case.many = True
    return None


def _name_wrong(case: _Case) -> _Asking:
    """A name is wrong, changed or a nickname: the home, date and gender find the child."""
    question = case.question
    if not (question.postcode.value and question.gender.value):
        return None
    search = case.names_and_date(
        gender=str(question.gender.value), postcode=question.postcode.value, fuzzy=True
    )
    answer = yield Ask("name-wrong", search)
    if isinstance(answer, Found):
        return (yield from _settle(case, answer.patient, only_one=False, sent_postcode=False))
    if isinstance(answer, TooMany):
        # Twins, most often: the start of the given name may tell them apart.
        verdict = yield from _given_wrong(case, question.postcode.value)
        case.many = verdict is None
        return verdict
    return None


def _names_exchanged(case: _Case) -> _Asking:
    """Several given names where the family name should be, and the family name as the given."""
    first, _, others = case.family.text.partition(" ")
    if not others:
        return None  # one name each way round is found by the first search
    search = case.names_and_date(family=case.given.text, given=(first,), fuzzy=True)
    answer = yield Ask("names-exchanged", search)
    if isinstance(answer, Found):
        return (yield from _settle(case, answer.patient, only_one=True, sent_postcode=False))
    return None


def _date_wrong(case: _Case, postcode: str | None) -> _Asking:
    """The date is wrong: the names, at the postcode if there is one, give or take a year."""
    year = case.born.year
    search = case.names_and_date(
        birth_from=date(year - 1, 1, 1),
        birth_to=date(year + 1, 12, 31),
        postcode=postcode,
        history=True,
    )
    answer = yield Ask("date-wrong-at-postcode" if postcode else "date-wrong", search)
    if isinstance(answer, Found):
        return (
            yield from _settle(
                case, answer.patient, only_one=postcode is None, sent_postcode=postcode is not None
            )
        )
    return None


def _given_wrong(case: _Case, postcode: str | None) -> _Asking:
    """Another form of the given name that begins alike; without the postcode, for who has moved."""
    start = case.given.first[:2]
    if len(case.given.first) < 3 or not start.isalpha():
        return None
    search = case.names_and_date(given=(f"{start}*",), postcode=postcode, history=True)
    answer = yield Ask("given-name-begins", search)
    if isinstance(answer, Found):
        sent = postcode is not None
        return (yield from _settle(case, answer.patient, only_one=False, sent_postcode=sent))
    return None


def _moved_and_given_wrong(case: _Case) -> _Asking:
    """A wrong given name and a wrong postcode: a rare family name and the date may be enough."""
    a_day = BIRTHS_A_DAY * min(family_share(word) for word in case.family.words)
    if a_day > _RARE_A_DAY:
        return (yield from _given_wrong(case, None))
    answer = yield Ask("family-name-and-date", case.names_and_date(given=(), history=True))
    if isinstance(answer, Found):
        return (yield from _settle(case, answer.patient, only_one=False, sent_postcode=False))
    if isinstance(answer, TooMany):
        return (yield from _given_wrong(case, None))
    return None


def _no_given_name(case: _Case) -> _Asking:
    """A newborn without a name yet: family name, date, gender and home."""
    search = case.names_and_date(
        given=(),
        gender=str(case.question.gender.value),
        postcode=case.question.postcode.value,
        fuzzy=True,
    )
    answer = yield Ask("no-given-name", search)
    if isinstance(answer, Found):
        return (yield from _settle(case, answer.patient, only_one=False, sent_postcode=False))
    case.many = isinstance(answer, TooMany)
    return None


def _attempts(case: _Case) -> _Asking:
    """The searches, the likeliest mistake first, until one gives a verdict."""
    if case.question.given.value is None:
        return (yield from _no_given_name(case))

    answer = yield Ask("names-and-date", case.names_and_date(fuzzy=True))
    if isinstance(answer, Found):
        verdict = yield from _settle(case, answer.patient, only_one=True, sent_postcode=False)
        if verdict:
            return verdict
    elif isinstance(answer, TooMany):
        return (yield from _tell_apart(case))

    postcode = case.question.postcode.value
    if case.best is None:
        verdict = yield from _name_wrong(case)
        if verdict or case.many:
            return verdict
    if case.best is None:
        verdict = yield from _names_exchanged(case)
        if verdict:
            return verdict
    if postcode:
        verdict = yield from _date_wrong(case, postcode)
        if verdict:
            return verdict
    if case.best is None:
        verdict = yield from _date_wrong(case, None)
        if verdict:
            return verdict
    if case.best is None:
        return (yield from _moved_and_given_wrong(case))
    return None


def _course(question: Demographics) -> Course:
    family, born = question.family.value, question.birth_date.value
    if family is None or born is None:
        raise ValueError("a family name and a date of birth are the least to search with")
    case = _Case(question, family, born)
    if question.nhs_number.value:
        verdict = yield from _confirm_held_number(case, question.nhs_number.value)
        if verdict:
            return verdict
    verdict = yield from _attempts(case)
    return verdict or case.doubt()


STRATEGY = Strategy("adaptive", "Joinedup's own: fewest calls to a safe answer", _course)
