"""Whether a person fits a question, and with what score. Pure: no index, no I/O.

The index only proposes people; this module alone decides.
"""

from collections.abc import Iterator

from joinedup.pds.emulator.forms import postcode_text
from joinedup.pds.emulator.question import Question
from joinedup.pds.emulator.record import HeldName, Record
from joinedup.pds.emulator.score import likeness, mean


def judge(question: Question, record: Record) -> float | None:
    """Give the score of a person who fits, or None."""
    # C5: very restricted people are not discoverable by search at all.
    if record.security == "V" or (record.security == "R" and question.by_location):
        return None
    if not _within(record.born, question.born) or not _contacts_fit(question, record):
        return None
    # C22: a restricted person may be found by phone or e-mail: only location is named as barred.
    score = _fuzzy(question, record) if question.fuzzy else _plain(question, record)
    # C21: exact match simply keeps a score of 1, in fuzzy and wildcard searches as well.
    if score is not None and question.exact and score < 1.0:
        return None
    return score


def _within(held: tuple[int, int], asked: tuple[int, int]) -> bool:
    """A partial date fits only a range that holds all of it (C6)."""
    return held[0] > 0 and asked[0] <= held[0] and held[1] <= asked[1]


def _contacts_fit(question: Question, record: Record) -> bool:
    old_too = question.history or question.fuzzy
    return all(
        asked is None or any(value == asked and (current or old_too) for value, current in held)
        for asked, held in ((question.phone, record.phones), (question.email, record.emails))
    )


def _plain(question: Question, record: Record) -> float | None:
    """Every field asked must fit; wildcards are the only way to score below 1."""
    names = [
        name
        for name in record.names
        if (name.current or question.history) and _name_fits(question, name)
    ]
    if not names:
        return None
    if question.gender is not None and question.gender != record.gender:
        return None
    if question.died is not None and not _within(record.died, question.died):
        return None
    if question.practice is not None and question.practice not in record.practices:
        return None
    postcodes = []
    if question.postcode is not None:
        postcodes = [
            held
            for held, current in record.postcodes
            if (current or question.history) and question.postcode.fits(held)
        ]
        if not postcodes:
            return None
    parts = max((_name_parts(question, name) for name in names), key=sum)
    parts.append(1.0)  # birth date, in range
    parts += [1.0] * (
        (question.gender is not None)
        + (question.died is not None)
        + (question.practice is not None)
    )
    if question.postcode is not None:
        parts.append(_postcode_part(question, postcodes))
    return mean(parts)


def _name_fits(question: Question, name: HeldName) -> bool:
    if question.family is not None and not question.family.fits(name.family):
        return False
    if question.given is None:
        return True
    return (
        bool(name.given)
        and question.given.fits(name.given[0])
        # C8: each further given name that is asked must be among those held.
        and all(other in name.given[1:] for other in question.other_given)
    )


def _fuzzy(question: Question, record: Record) -> float | None:
    if not (_sounds_alike(question, record) or _same_home(question, record)):
        return None
    # C10: the best of all name instances, current or not, in either order. C8: further given
    # names count for nothing. C23: no score is too low, for the blocks have kept strangers out.
    parts = max(_fuzzy_name_parts(question, record), key=sum, default=[])
    if not parts:
        return None
    parts.append(1.0)  # birth date, in range
    if question.gender is not None:
        parts.append(float(question.gender == record.gender))  # C11
    if question.died is not None:
        parts.append(float(_within(record.died, question.died)))
    if question.practice is not None:
        parts.append(float(question.practice in record.practices))
    if question.postcode is not None:
        parts.append(_postcode_part(question, [held for held, _ in record.postcodes]))
    return mean(parts)


def _sounds_alike(question: Question, record: Record) -> bool:
    """Block 1: given and family sound alike, also when they changed places."""
    asked = (question.family_sound, question.given_sound)
    return all(asked) and any(
        asked in ((name.family_sound, name.given_sound), (name.given_sound, name.family_sound))
        for name in record.names
    )


def _same_home(question: Question, record: Record) -> bool:
    """Blocks 2 and 3: gender and postcode equal, and family or given sounds alike."""
    if question.gender is None or question.postcode is None or question.gender != record.gender:
        return False
    if not any(question.postcode.text == held for held, _ in record.postcodes):
        return False
    return any(
        (question.family_sound and question.family_sound == name.family_sound)
        or (question.given_sound and question.given_sound == name.given_sound)
        for name in record.names
    )


def _fuzzy_name_parts(question: Question, record: Record) -> Iterator[list[float]]:
    for name in record.names:
        yield _name_parts(question, name)
        if question.family is not None and question.given is not None:
            given = name.given[0] if name.given else ""
            yield [
                likeness(question.family.text, given),
                likeness(question.given.text, name.family),
            ]


def _name_parts(question: Question, name: HeldName) -> list[float]:
    parts = []
    if question.family is not None:
        parts.append(likeness(question.family.text, name.family))
    if question.given is not None:
        parts.append(likeness(question.given.text, name.given[0] if name.given else ""))
    return parts


def _postcode_part(question: Question, held: list[str]) -> float:
    """The best of the postcodes that may be used; none held scores 0 (C11)."""
    return max(
        (likeness(question.postcode_text, postcode_text(postcode)) for postcode in held),
        default=0.0,
    )
