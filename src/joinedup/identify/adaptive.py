"""Our own strategy, and the default: the fewest calls that lead to a safe answer.

1. A number already held is confirmed with one read.
2. Names and birth date are searched first, without the postcode: a restricted child is never
   returned when a postcode is sent, and the address that comes back is then proof of its own.
   Names that sound alike are searched in the same call, so one hit also says that nobody else fits.
3. Whoever comes back is compared field by field. If the evidence leaves a doubt that one more call
   can settle, that call is made (``settle``): former names, former addresses, a twin.
4. If nobody came back, the likeliest mistake is tried next: a name wrong, names in another place or
   order, the date wrong, and last the family name and the date alone.
It stops as soon as no answer to a further call could change the outcome.
"""

from dataclasses import replace
from datetime import date

from joinedup.identify.case import Asking, Case
from joinedup.identify.evidence import Said, weigh
from joinedup.identify.outcome import Status
from joinedup.identify.settle import settle
from joinedup.identify.strategy import Ask, Course, Strategy, Verdict
from joinedup.pds.search import Found, Invalidated, NotFound, TooMany
from joinedup.people.compare import Level
from joinedup.people.demographics import Demographics
from joinedup.people.frequency import BIRTHS_A_DAY, family_share
from joinedup.people.keys import soundex
from joinedup.people.listed import is_listed, spellings
from joinedup.people.names import Name, of_syllables

# Above this many births a day of one family name, searching by it and the date finds too many.
_RARE_A_DAY = 0.3

# For one child, whatever the answers: the source's calls are every child's.
_MOST_CALLS = 10

_LONG = 5  # letters of a family name that begins few others
_SAME_NAME = {Level.EXACT, Level.VARIANT}


def _confirm_held_number(case: Case, number: str) -> Asking:
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
        evidence = weigh(case.question, answer.patient, Said(held_number=True))
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


def _tell_apart(case: Case) -> Asking:
    """Several people sound alike or share names and date: the exact names and postcode decide."""
    postcode = case.question.postcode.value
    if postcode:
        search = case.names_and_date(postcode=postcode, history=True)
        answer = yield Ask("exact-names-at-postcode", search)
        if isinstance(answer, Found):
            verdict = yield from settle(case, answer.patient, postcode_known=True)
            if verdict:
                return verdict
    answer = yield Ask("exact-names", case.names_and_date(history=True))
    if isinstance(answer, Found):
        verdict = yield from settle(case, answer.patient)
        if verdict:
            return verdict
    case.many = True
    return None


def _name_wrong(case: Case) -> Asking:
    """A name is wrong, changed or a nickname: the home, date and gender find the child."""
    question = case.question
    if not (question.postcode.value and question.gender.value):
        return None
    search = case.names_and_date(
        gender=str(question.gender.value), postcode=question.postcode.value, fuzzy=True
    )
    answer = yield Ask("name-wrong", search)
    if isinstance(answer, Found):
        # The search without the postcode did not find them, so this one did by the postcode.
        by_postcode = case.nobody_sounds_alike
        return (yield from settle(case, answer.patient, postcode_known=by_postcode))
    if isinstance(answer, TooMany):
        case.crowd = True
        verdict = yield from _given_begins(case, question.postcode.value)
        case.many = verdict is None
        return verdict
    return None


def _names_exchanged(case: Case) -> Asking:
    """Several given names where the family name should be, and the family name as the given."""
    first, _, others = case.family.text.partition(" ")
    if not others or of_syllables(case.family.words):
        return None  # one name each way round is found by the first search
    search = case.names_and_date(family=case.given.text, given=(first,), fuzzy=True)
    answer = yield Ask("names-exchanged", search)
    if isinstance(answer, Found):
        return (yield from settle(case, answer.patient, only_one=True))
    return None


def _names_exchanged_at_home(case: Case) -> Asking:
    """The given name is the family name of a child there, whose given names hold the other."""
    question = case.question
    if not (question.postcode.value and question.gender.value and _exchanged(case)):
        return None
    search = case.names_and_date(
        family=case.given.text,
        given=(case.family.text,),
        gender=str(question.gender.value),
        postcode=question.postcode.value,
        fuzzy=True,
    )
    answer = yield Ask("names-exchanged-at-home", search)
    if isinstance(answer, Found):
        return (yield from settle(case, answer.patient))
    return None


def _date_wrong(case: Case) -> Asking:
    """The date is wrong: the names, at the postcode if there is one, give or take a year."""
    year, postcode = case.born.year, case.question.postcode.value
    search = case.names_and_date(
        birth_from=date(year - 1, 1, 1),
        birth_to=date(year + 1, 12, 31),
        postcode=postcode,
        history=True,
    )
    answer = yield Ask("date-wrong", search)
    if isinstance(answer, Found):
        only_one, sent = postcode is None, postcode is not None
        return (yield from settle(case, answer.patient, only_one=only_one, postcode_known=sent))
    return None


def _given_begins(case: Case, postcode: str) -> Asking:
    """Twins: the start of the given name may tell them apart."""
    start = case.given.first[:2]
    if len(case.given.first) < 3 or not start.isalpha():
        return None
    search = case.names_and_date(given=(f"{start}*",), postcode=postcode, history=True)
    answer = yield Ask("given-name-begins", search)
    if isinstance(answer, Found):
        return (yield from settle(case, answer.patient, postcode_known=True))
    return None


def _by_family_alone(case: Case, family: Name) -> Asking:
    """A wrong given name and a wrong postcode: a rare family name and the date may be enough.

    A family name long enough is searched for as the beginning of one: of two family names that the
    source holds, the question may have the first.
    """
    start = family.text if len(family.text) < _LONG else f"{family.text}*"
    search = case.names_and_date(family=start, given=(), history=True)
    a_day = BIRTHS_A_DAY * min(family_share(word) for word in family.words)
    if a_day <= _RARE_A_DAY:
        answer = yield Ask("family-name-and-date", search)
        if isinstance(answer, Found):
            return (yield from settle(case, answer.patient, only_of_family=True))
        if isinstance(answer, NotFound) and start != family.text:
            return None
        search = replace(search, family=f"{family.text}*")
    district = (case.question.postcode.value or "").partition(" ")[0]
    if district:
        # Most who move stay near.
        answer = yield Ask("family-name-nearby", replace(search, postcode=f"{district} *"))
        if isinstance(answer, Found):
            return (yield from settle(case, answer.patient))
    return None


def _moved_and_given_wrong(case: Case) -> Asking:
    return (yield from _by_family_alone(case, case.family))


def _exchanged(case: Case) -> bool:
    """Whether given and family name may be exchanged: one is known in the other's place."""
    return (
        of_syllables(case.family.words)
        or any(is_listed("family", word) for word in case.given.words)
        or any(is_listed("given", word) for word in case.family.words)
    )


def _moved_and_names_exchanged(case: Case) -> Asking:
    if not any(is_listed("family", word) for word in case.given.words) and not (
        of_syllables(case.given.words) and of_syllables(case.family.words)
    ):
        return None
    return (yield from _by_family_alone(case, case.given))


def _other_given(case: Case) -> Asking:
    """The child is called by another of several given names than the source holds first."""
    for given in case.given.to_ask[1:2]:
        answer = yield Ask("other-given-name", case.names_and_date(given=(given,), fuzzy=True))
        if isinstance(answer, Found):
            verdict = yield from settle(case, answer.patient, only_one=True)
            if verdict or case.likely:
                return verdict
    return None


def _family_spelled_otherwise(case: Case) -> Asking:
    """Another spelling of the family name that does not sound alike: Zhang and Cheung."""
    postcode, gender = case.question.postcode.value, case.question.gender.value
    sound = soundex(case.family.text)
    forms = spellings("family", "".join(case.family.words))
    others = {soundex(form): form for form in sorted(forms) if soundex(form) != sound}
    for form in list(others.values())[:2]:
        search = case.names_and_date(
            family=form, gender=str(gender) if gender else None, postcode=postcode, fuzzy=True
        )
        answer = yield Ask("family-name-spelled-otherwise", search)
        if isinstance(answer, Found):
            verdict = yield from settle(case, answer.patient)
            if verdict or case.likely:
                return verdict
    return None


def _no_given_name(case: Case) -> Asking:
    """A newborn without a name yet: family name, date, gender and home."""
    search = case.names_and_date(
        given=(),
        gender=str(case.question.gender.value),
        postcode=case.question.postcode.value,
        fuzzy=True,
    )
    answer = yield Ask("no-given-name", search)
    if isinstance(answer, Found):
        return (yield from settle(case, answer.patient))
    case.many = isinstance(answer, TooMany)
    return None


def _attempts(case: Case) -> Asking:
    """The searches, the likeliest mistake first, until one gives a verdict."""
    if case.question.given.value is None:
        return (yield from _no_given_name(case))

    answer = yield Ask("names-and-date", case.names_and_date(fuzzy=True))
    if isinstance(answer, Found):
        verdict = yield from settle(case, answer.patient, only_one=True)
        if verdict:
            return verdict
    elif isinstance(answer, TooMany):
        return (yield from _tell_apart(case))
    case.nobody_sounds_alike = isinstance(answer, NotFound)

    for attempt in (
        _name_wrong,
        _other_given,
        _names_exchanged,
        _date_wrong,
        _moved_and_given_wrong,
        _names_exchanged_at_home,
        _moved_and_names_exchanged,
        _family_spelled_otherwise,
    ):
        if case.many or case.likely or case.cannot_tell:
            break
        verdict = yield from attempt(case)
        if verdict:
            return verdict
    return None


def _whole(case: Case) -> Asking:
    number = case.question.nhs_number.value
    verdict = (yield from _confirm_held_number(case, number)) if number else None
    return verdict or (yield from _attempts(case))


def _course(question: Demographics) -> Course:
    family, born = question.family.value, question.birth_date.value
    if family is None or born is None:
        raise ValueError("a family name and a date of birth are the least to search with")
    case = Case(question, family, born)
    course = _whole(case)
    try:
        ask = next(course)
        for _ in range(_MOST_CALLS):
            ask = course.send((yield ask))
    except StopIteration as stop:
        return stop.value or case.doubt()
    return case.doubt()


STRATEGY = Strategy("adaptive", "Joinedup's own: fewest calls to a safe answer", _course)
