"""Changing keys: a new data key, what is sealed sealed again under it, old keys destroyed.

Safe to break off and to run again, and while the hub answers: a row that is changed meanwhile is
left to the next run, and a key is destroyed when nothing is sealed under it and every process has
long known of the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from joinedup.hub.sealing import keys
from joinedup.hub.sealing.columns import Sealed, every
from joinedup.hub.sealing.models import DataKey

KEPT_FOR = timedelta(days=1)
"""How long a retired data key is kept: sessions under it have all ended by then."""
BATCH = 500


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a run came to."""

    wrapped: int
    sealed: int
    destroyed: int


def rotate(now: datetime | None = None, told: Callable[[int], None] = lambda rows: None) -> Rotated:
    """Make a new data key, wrap all with the present wrapping key, and seal everything again.

    ``told`` is called with how many rows are done. Raises ``SettingError``.
    """
    now = now or timezone.now()
    outside = keys.wrapping()
    with transaction.atomic():
        known = list(DataKey.objects.select_for_update())
        for row in known:
            key = outside.unwrap(bytes(row.wrapped), row.number)
            row.wrapped = outside.wrap(key, row.number)
            row.retired_at = row.retired_at or now
            row.save()
        newest = keys.make(outside, now)
    keys.forget()
    done = 0
    for model, attribute, how in every():
        done = _seal_again(model, attribute, how, newest.number, done, told)
    return Rotated(len(known), done, _destroy(now))


def _seal_again(
    model: type[models.Model],
    attribute: str,
    how: Sealed,
    newest: int,
    done: int,
    told: Callable[[int], None],
) -> int:
    rows = model._default_manager.exclude(**{how.column: None}).order_by("pk")
    last = None
    while True:
        some = list((rows.filter(pk__gt=last) if last is not None else rows)[:BATCH])
        if not some:
            return done
        last = some[-1].pk
        for row in some:
            before = bytes(getattr(row, how.column))
            if keys.number_of(before) == newest:
                continue
            setattr(row, attribute, getattr(row, attribute))
            columns = [how.column, *([how.index] if how.index else [])]
            values = {column: getattr(row, column) for column in columns}
            # Not one that somebody has changed since it was read.
            same = model._default_manager.filter(pk=row.pk, **{how.column: before})
            done += same.update(**values)
        told(done)


def _destroy(now: datetime) -> int:
    used: set[int] = set()
    for model, _, how in every():
        boxes = model._default_manager.exclude(**{how.column: None})
        heads = boxes.annotate(head=models.Func(
            models.F(how.column), 1, keys.HEAD, function="substring",
            output_field=models.BinaryField(),
        ))  # fmt: skip
        found = heads.order_by().values_list("head", flat=True).distinct()
        used |= {keys.number_of(bytes(head)) for head in found}
    old = DataKey.objects.filter(retired_at__lt=now - KEPT_FOR).exclude(number__in=used)
    return old.delete()[0]
