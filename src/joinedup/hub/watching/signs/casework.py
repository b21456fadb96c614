"""Signs that a look had nothing to do with work: none followed, or it was another's case."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from joinedup.hub.watching.access import Access
from joinedup.hub.watching.limits import Limits
from joinedup.hub.watching.signs.recent import once_a_day, windows


def no_work(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """No work on the child followed, and enough days have gone by to say so."""
    return (look for look in looks if look.worked is False)


def not_known_here(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """No custodian of the person's own area holds a record of the child."""
    return (look for look in looks if look.known_here is False)


def unworked_run(looks: Sequence[Access], limits: Limits) -> Iterable[Access]:
    """Nearly all looks of a week were followed by no work."""
    return once_a_day(_unworked(looks, limits))


def _unworked(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    judged = [look for look in looks if look.child and look.worked is not None]
    for look, recent in windows(judged, timedelta(days=limits.unworked_days)):
        without = sum(not each.worked for each in recent)
        enough = without >= limits.unworked_least
        if enough and not look.worked and without >= limits.unworked_share * len(recent):
            yield look


def looked_again(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """The same child or household on several days, over more than a week, and never any work."""
    days: dict[str, set[int]] = defaultdict(set)
    worked = {_household(look) for look in looks if look.worked}
    for look in looks:
        key = _household(look)
        if not key or look.worked is not False or key in worked:
            continue
        seen = days[key]
        new = look.at.toordinal() not in seen
        seen.add(look.at.toordinal())
        long = max(seen) - min(seen) >= limits.eye_over_days
        if new and long and len(seen) >= limits.eye_days:
            yield look


def seen_before(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """The person looked at the same child on an earlier day."""
    first: dict[str, int] = {}
    for look in looks:
        if look.child and first.setdefault(look.child, look.at.toordinal()) < look.at.toordinal():
            yield look


def _household(look: Access) -> str:
    return look.home or look.child


def borrowed_case(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """A case reference that others use, and only for other children, used for this one."""
    for look in looks:
        others = [each for each in looks if each.person != look.person and each.child]
        about = {each.child for each in others}
        own = {each.child for each in looks if each.person == look.person}
        is_others = len(others) >= limits.case_others
        if look.child and is_others and look.child not in about and not own & about:
            yield look


def crowd(looks: Sequence[Access], limits: Limits) -> Iterator[Access]:
    """People of several organisations at one child within days, most of them without work."""
    for look, recent in windows(looks, timedelta(days=limits.crowd_days)):
        if len(recent) < limits.crowd_people:
            continue
        without = [each for each in recent if each.worked is False]
        people = {each.person for each in without}
        organisations = {each.organisation for each in without}
        most = len(without) >= limits.crowd_share * len(recent)
        if (
            len(people) >= limits.crowd_people
            and len(organisations) >= limits.crowd_organisations
            and most
        ):
            yield look
