"""Checks that matter for identity and safety, the same for every standard.

What is remembered of a file is one entry per identifier, about 300 bytes each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from joinedup.people.checked import Checked, Quality
from joinedup.people.dates import read_birth_date
from joinedup.people.gender import read_gender
from joinedup.people.names import read_family, read_given
from joinedup.people.nhs_number import is_plain_nhs_number, read_nhs_number
from joinedup.people.postcode import is_plain_postcode, read_postcode
from joinedup.people.upn import is_plain_upn, read_upn
from joinedup.standards.blocks import Block, Children, Events, Said
from joinedup.standards.dates import read_date
from joinedup.standards.holders import Holder, Holders
from joinedup.standards.plan import Table
from joinedup.standards.records import Child, Event, Issue, Severity

# Work before birth begins with the pregnancy; more than ten months before is a wrong date.
_BEFORE_BIRTH = timedelta(days=305)
# Care leavers and people with an education, health and care plan are served until 25.
_OLDEST = 26
# A date that was agreed for later is no mistake.
_MAY_BE_AHEAD = frozenset({"appointment"})


class _Identifier(NamedTuple):
    """How an identifier is called and read; ``plain`` knows, fast, one that is right as it is."""

    name: str
    read: Callable[[str | None], Checked[str]]
    plain: Callable[[str], bool]


_IDENTIFIERS = {
    "nhs_number": _Identifier("NHS number", read_nhs_number, is_plain_nhs_number),
    "upn": _Identifier("UPN", read_upn, is_plain_upn),
    "former_upn": _Identifier("former UPN", read_upn, is_plain_upn),
}
# The child that has one now has it alone; a former one may be another's.
_OWN = ("nhs_number", "upn")

# Field, name, how it is read, and what knows fast that nothing in it is wrong.
_PLAIN: tuple[tuple[str, str, Callable[[str], Checked[Any]], Callable[[str], bool]], ...] = (
    ("gender", "sex", read_gender, lambda text: False),
    ("postcode", "postcode", read_postcode, is_plain_postcode),
)

# Dates, sexes and postcodes come again and again; of each, so many are remembered.
_REMEMBERED = 50_000


class _Birth(NamedTuple):
    """A date of birth, read once for all who have it; ``first`` is when their events may begin."""

    day: date | None
    text: str
    first: date
    read: Checked[date]


class _Known(NamedTuple):
    """What the events of a block must know of its children."""

    ids: Sequence[str]
    births: Sequence[_Birth]
    deaths: Sequence[date | None]


_UNKNOWN = _Birth(None, "", date.min, Checked.missing())


class Checks:
    """Looks at one file's blocks as they pass, and adds what is wrong in and between records.

    Whole columns are looked at first; a record is made only of those in which something is.
    """

    def __init__(self, tables: Mapping[str, Table], today: date | None = None) -> None:
        self._tables = {table.title: table for table in tables.values()}
        self._dates = {table.title: (*table.start, *table.end) for table in tables.values()}
        self._repeats = {table.title for table in tables.values() if table.repeats}
        self._today = today or datetime.now(UTC).date()
        self._identifiers = {kind: Holders() for kind in _OWN}
        self._children = Holders()
        self._births: dict[str, _Birth] = {}
        self._doubted: set[str] = set()  # those of which there is something to say
        self._right: dict[str, set[str]] = {field: set() for field, *_ in _PLAIN}
        self._wrong: dict[str, set[str]] = {field: set() for field, *_ in _PLAIN}
        self._last = _Known([""], [_UNKNOWN], [None])

    def __call__(self, block: Block) -> None:
        """Add to a block the issues of its records, given all that came before."""
        last, known = self._last, self._last
        if children := block.children:
            births, deaths = self._look_at_children(children)
            self._last = _Known(children.ids[-1:], births[-1:], deaths[-1:])
            # The last child before the block stands behind its own, where -1 finds it.
            known = _Known(
                [*children.ids, *last.ids], [*births, *last.births], [*deaths, *last.deaths]
            )
        for events in block.events:
            self._look_at_events(events, known)

    def _look_at_children(
        self, children: Children
    ) -> tuple[Sequence[_Birth], Sequence[date | None]]:
        """Say what is wrong with children; their births and deaths."""
        fields, size, suspects = children.fields, len(children), set[int]()
        gone = {index for index, gone in enumerate(children.purge) if gone}
        births = [_UNKNOWN] * size
        if (raw := fields.get("birth_date")) is not None:
            births = self._read_births(raw)
            doubted = self._doubted.intersection(raw)
            suspects.update(index for index, text in enumerate(raw) if text in doubted)
        elif any(children.whole):
            suspects.update(range(size))
        days = [birth.text for birth in births]
        deaths: list[date | None] = [None] * size
        if any(died := children.details.get("death_date", ())):
            deaths = [read_date(str(text)) if text else None for text in died]
            suspects.update(index for index, death in enumerate(deaths) if death)
        for field, _, read, plain in _PLAIN:
            if field in fields:
                suspects.update(self._wrong_in(field, fields[field], read, plain))
        same = self._same_children(children, _but(children.ids, gone), days)
        numbers = _Numbers(children)
        suspects |= numbers.suspects
        twice = {
            kind: self._on_two(children, kind, _but(values, gone), days)
            for kind, values in numbers.values.items()
            if kind in self._identifiers
        }
        stray = self._without_a_way(children, births, numbers.lacking())
        for said in (same, *twice.values(), stray):
            for index, issues in said.items():
                if index not in gone:
                    children.said.setdefault(index, []).extend(issues)
        # In these something is in itself, and all that is said of them comes in its order.
        indexes = sorted(suspects - gone)
        for index, child in zip(indexes, children.records(indexes), strict=True):
            issues = [*self._birth(child, births[index])]
            if (died_on := deaths[index]) and (born := births[index].day) and died_on < born:
                issues.append(
                    self._issue(
                        child, "death-before-birth", Severity.ERROR,
                        "The date of death is before birth.",
                    )
                )  # fmt: skip
            issues += self._plain_fields(child)
            issues += same.get(index, ())
            for kind in numbers.values:
                issues += self._identifier(child, kind)
                if kind in twice:
                    issues += twice[kind].get(index, ())
            issues += stray.get(index, ())
            if issues:
                children.said[index] = issues
        return births, deaths

    def _identifier(self, child: Child, kind: str) -> Iterator[Issue]:
        name, read, plain = _IDENTIFIERS[kind]
        raw = child.fields.get(kind) or child.local_ids.get(kind)
        if not raw or (plain(raw) and kind in _OWN):
            return
        checked = read(raw)
        if checked.quality is Quality.INVALID:
            yield self._issue(
                child, f"{kind.replace('_', '-')}-invalid", Severity.ERROR,
                f"The {name} {checked.reason}.", kind,
            )  # fmt: skip
        if checked.value is None:
            return
        if "temporary-upn" in checked.flags:
            yield self._issue(
                child, "upn-temporary", Severity.NOTE, f"The {name} {checked.reason}.", kind
            )
        if kind not in _OWN and checked.value == read_upn(child.fields.get("upn")).value:
            yield self._issue(
                child, "former-upn-same", Severity.WARNING, "The former UPN is the UPN itself.",
                kind,
            )  # fmt: skip

    def _read_births(self, texts: Sequence[str]) -> list[_Birth]:
        known = self._births
        if len(known) > _REMEMBERED:
            known.clear()
            self._doubted.clear()
        for text in set(texts).difference(known):
            read = read_birth_date(text)
            day = read.value
            if day is None or read.flags or self._is_old(day):
                self._doubted.add(text)
            known[text] = _Birth(
                day,
                day.isoformat() if day else "",
                day - _BEFORE_BIRTH if day else date.min,
                read,
            )
        return list(map(known.__getitem__, texts))

    def _is_old(self, born: date) -> bool:
        return self._today.year - born.year > _OLDEST

    def _birth(self, child: Child, known: _Birth) -> Iterator[Issue]:
        birth = known.read
        if birth.quality is Quality.INVALID:
            yield self._issue(
                child, "birth-date-impossible", Severity.ERROR,
                f"The date of birth {birth.reason}.", "birth_date",
            )  # fmt: skip
        elif birth.value is None:
            if child.whole and not child.details.get("expected_birth_date"):
                yield self._issue(
                    child, "birth-date-missing", Severity.ERROR,
                    "There is no date of birth, and no expected one.", "birth_date",
                )  # fmt: skip
        else:
            if birth.flags:
                yield self._issue(
                    child, "birth-date-doubtful", Severity.NOTE,
                    f"The date of birth {birth.reason}.", "birth_date",
                )  # fmt: skip
            if self._is_old(birth.value):
                yield self._issue(
                    child, "birth-date-of-adult", Severity.WARNING,
                    f"By the date of birth this is a person over {_OLDEST - 1}: check the year.",
                    "birth_date",
                )  # fmt: skip

    def _plain_fields(self, child: Child) -> Iterator[Issue]:
        for field, name, read, _ in _PLAIN:
            raw = child.fields.get(field)
            if raw in self._wrong[field]:
                yield self._issue(
                    child, f"{field}-invalid", Severity.WARNING,
                    f"The {name} {read(raw).reason}.", field,
                )  # fmt: skip

    def _same_children(self, children: Children, ids: Sequence[str], births: Sequence[str]) -> Said:
        """One of the sender's own numbers on two children, or one child given twice."""
        known, found, rows = self._children, Said(), children.rows
        whole = ["whole" if whole else "" for whole in children.whole]
        if not all(whole):
            # Part of an identity without a birth says nothing of who has the number.
            ids = [
                number if part or birth else ""
                for number, part, birth in zip(ids, whole, births, strict=True)
            ]
        for index, seen in known.enter(ids, whole, births, rows):
            holder = Holder(whole[index], births[index], rows[index])
            if seen.birth and holder.birth and seen.birth != holder.birth:
                found[index] = [
                    self._issue_at(
                        children, index, "id-on-two-children", Severity.ERROR,
                        f"The same number has another date of birth in row {seen.row}: either it "
                        "is on two children, or one of the dates is wrong.", "birth_date",
                    )
                ]  # fmt: skip
            elif holder.who and seen.who and children.tables[index] not in self._repeats:
                found[index] = [
                    self._issue_at(
                        children, index, "child-twice", Severity.WARNING,
                        f"The same child is also in row {seen.row}.",
                    )
                ]  # fmt: skip
            elif holder.who:
                known.replace(ids[index], holder._replace(birth=holder.birth or seen.birth))
        return found

    def _on_two(
        self, children: Children, kind: str, values: Sequence[str], births: Sequence[str]
    ) -> Said:
        """One NHS number or UPN under two of the sender's own numbers."""
        known, found = self._identifiers[kind], Said()
        ids, rows = children.ids, children.rows
        name, code = _IDENTIFIERS[kind].name, kind.replace("_", "-")
        for index, seen in known.enter(values, ids, births, rows):
            # Without a number of the sender's, each row is somebody else.
            if ids[index] and seen.who == ids[index]:
                continue
            if births[index] and births[index] == seen.birth:
                issue = self._issue_at(
                    children, index, f"{code}-twice", Severity.WARNING,
                    f"The {name} is also in row {seen.row}, under another number and with the "
                    "same date of birth: one child may be held twice.", kind,
                )  # fmt: skip
            else:
                issue = self._issue_at(
                    children, index, f"{code}-on-two-children", Severity.ERROR,
                    f"The {name} is also on another child, in row {seen.row}.", kind,
                )  # fmt: skip
            found[index] = [issue]
        return found

    def _wrong_in(
        self, field: str, column: Sequence[str], read: Callable[[str], Checked[Any]],
        plain: Callable[[str], bool],
    ) -> Sequence[int]:  # fmt: skip
        """The indexes of the cells that cannot be read."""
        right, wrong = self._right[field], self._wrong[field]
        if len(right) > _REMEMBERED or len(wrong) > _REMEMBERED:
            right.clear()
            wrong.clear()
        for text in set(column).difference(right):
            is_wrong = not plain(text) and read(text).quality is Quality.INVALID
            (wrong if is_wrong else right).add(text)
        if wrong.isdisjoint(column):
            return ()
        return [index for index, text in enumerate(column) if text in wrong]

    def _without_a_way(
        self, children: Children, births: Sequence[_Birth], lacking: Iterable[int]
    ) -> Said:
        """Whole children without a usable number, and without both names and a birth date."""
        given, family = children.fields.get("given"), children.fields.get("family")
        own = [children.ids, *children.local_ids.values()]
        found: Said = {}
        for index in lacking:
            if not children.whole[index] or (
                given is not None
                and family is not None
                and births[index].day is not None
                and read_given(given[index]).value is not None
                and read_family(family[index]).value is not None
            ):
                continue
            if any(column[index] for column in own):
                issue = self._issue_at(
                    children, index, "match-by-own-number-only", Severity.WARNING,
                    "There is no valid NHS number or UPN, and not both names with a date of birth: "
                    "this child can be matched only through the sender's own number.",
                )  # fmt: skip
            else:
                issue = self._issue_at(
                    children, index, "no-way-to-match", Severity.ERROR,
                    "There is no number at all, and not both names with a date of birth: nobody "
                    "can tell which child this is.",
                )  # fmt: skip
            found[index] = [issue]
        return found

    def _look_at_events(self, events: Events, known: _Known) -> None:
        """Say what is wrong with events, given the children that they may be about."""
        starts, ends, kinds = events.starts, events.ends, events.kinds
        suspects: set[int] = set()
        if any(ends):
            suspects.update(
                i
                for i, (start, end) in enumerate(zip(starts, ends, strict=True))
                if end and start and end < start
            )
        latest = max((start for start in set(starts) if start), default=None)
        if latest is None:
            return
        if latest > self._today:
            suspects.update(
                i
                for i, start in enumerate(starts)
                if start and start > self._today and kinds[i] not in _MAY_BE_AHEAD
            )
        firsts = [birth.first for birth in known.births]
        suspects.update(
            i
            for i, (start, child) in enumerate(zip(starts, events.child, strict=True))
            if start and start < firsts[child]
        )
        if any(known.deaths):
            suspects.update(i for i, child in enumerate(events.child) if known.deaths[child])
        suspects -= {i for i, gone in enumerate(events.purge) if gone}
        indexes = sorted(suspects)
        for index, event in zip(indexes, events.records(indexes), strict=True):
            child = events.child[index]
            issues = list(
                self._event(event, known.ids[child], known.births[child].day, known.deaths[child])
            )
            if issues:
                events.said[index] = issues

    def _event(
        self, event: Event, who: str, born: date | None, died: date | None
    ) -> Iterator[Issue]:
        start, end = event.start, event.end
        if start and end and end < start:
            yield self._event_issue(
                event, "end-before-start", Severity.ERROR, "It ends before it starts."
            )
        if start and start > self._today and event.kind not in _MAY_BE_AHEAD:
            yield self._event_issue(
                event, "date-in-future", Severity.WARNING, "It starts in the future."
            )
        if who != event.child_id or start is None:
            return
        if born and start < born - _BEFORE_BIRTH:
            yield self._event_issue(
                event, "before-birth", Severity.ERROR,
                "It starts more than ten months before the date of birth.",
            )  # fmt: skip
        if died and start > died:
            yield self._event_issue(
                event, "after-death", Severity.WARNING, "It starts after the date of death."
            )

    def _issue(
        self, child: Child, rule: str, severity: Severity, text: str, field: str = ""
    ) -> Issue:
        return self._about(child.id, child.table, child.row, rule, severity, text, field)

    def _issue_at(
        self, children: Children, index: int, rule: str, severity: Severity, text: str,
        field: str = "",
    ) -> Issue:  # fmt: skip
        who, table, row = children.ids[index], children.tables[index], children.rows[index]
        return self._about(who, table, row, rule, severity, text, field)

    def _about(
        self, who: str, title: str, row: int, rule: str, severity: Severity, text: str, field: str
    ) -> Issue:
        columns: tuple[str, ...] = (field,) if field else ()
        if table := self._tables.get(title):
            columns = table.fields.get(field) or table.local_ids.get(field) or columns
        return Issue(who, title, columns, row, rule, severity, text)

    def _event_issue(self, event: Event, rule: str, severity: Severity, text: str) -> Issue:
        columns = tuple(name for name in self._dates.get(event.table, ()) if name in event.facts)
        return Issue(event.child_id, event.table, columns, event.row, rule, severity, text)


class _Numbers:
    """The NHS numbers and UPNs of children as read, "" for none, by kind where there are any."""

    def __init__(self, children: Children) -> None:
        self._size = len(children)
        self.values: dict[str, Sequence[str]] = {}
        self.suspects: set[int] = set()
        for kind, (_, read, plain) in _IDENTIFIERS.items():
            column = _column(children, kind)
            if any(column):
                self.values[kind] = self._read(column, read, plain)
        if "former_upn" in self.values and "upn" in self.values:
            both = zip(self.values["upn"], self.values["former_upn"], strict=True)
            self.suspects.update(i for i, (now, past) in enumerate(both) if now and now == past)

    def _read(
        self, column: Sequence[str], read: Callable[[str | None], Checked[str]],
        plain: Callable[[str], bool],
    ) -> Sequence[str]:  # fmt: skip
        values = [text if text and plain(text) else "" for text in column]
        if values.count("") > column.count(""):
            for index, text in enumerate(column):
                if text and not values[index]:
                    checked = read(text)
                    values[index] = checked.value or ""
                    if checked.quality is Quality.INVALID or "temporary-upn" in checked.flags:
                        self.suspects.add(index)
        return values

    def lacking(self) -> Sequence[int]:
        """The indexes of the children that have none that can be used."""
        found: Sequence[int] = range(self._size)
        for values in self.values.values():
            found = [index for index in found if not values[index]]
        return found


def _but(values: Sequence[str], gone: set[int]) -> Sequence[str]:
    """Values without those of the children whose sender wants them deleted."""
    if not gone:
        return values
    return ["" if index in gone else value for index, value in enumerate(values)]


def _column(children: Children, kind: str) -> Sequence[str]:
    """An identifier of every child, which may stand among the fields or the local ids."""
    found = children.fields.get(kind)
    local = children.local_ids.get(kind)
    if found is None or not any(found):
        return local if local is not None else [""] * len(children)
    if local is None:
        return found
    return [one or two for one, two in zip(found, local, strict=True)]
