"""Checks that matter for identity and safety, the same for every standard.

What is remembered of a file is one entry per identifier, about 300 bytes each.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from joinedup.people.checked import Checked, Quality
from joinedup.people.dates import read_birth_date
from joinedup.people.gender import read_gender
from joinedup.people.names import read_family, read_given
from joinedup.people.nhs_number import read_nhs_number
from joinedup.people.postcode import read_postcode
from joinedup.people.upn import read_upn
from joinedup.standards.dates import read_date
from joinedup.standards.plan import Table
from joinedup.standards.records import Child, Event, Issue, Record, Severity

# Work before birth begins with the pregnancy; more than ten months before is a wrong date.
_BEFORE_BIRTH = timedelta(days=305)
# Care leavers and people with an education, health and care plan are served until 25.
_OLDEST = 26
# A date that was agreed for later is no mistake.
_MAY_BE_AHEAD = frozenset({"appointment"})

_IDENTIFIERS = {
    "nhs_number": ("NHS number", read_nhs_number),
    "upn": ("UPN", read_upn),
    "former_upn": ("former UPN", read_upn),
}

_PLAIN: tuple[tuple[str, str, Callable[[str], Checked[Any]]], ...] = (
    ("gender", "sex", read_gender),
    ("postcode", "postcode", read_postcode),
)


class _Seen(NamedTuple):
    child: str
    birth: str
    row: int


class Checks:
    """Looks at one file's records as they pass, and says what is wrong between them."""

    def __init__(self, tables: Mapping[str, Table], today: date | None = None) -> None:
        self._tables = {table.title: table for table in tables.values()}
        self._dates = {table.title: (*table.start, *table.end) for table in tables.values()}
        self._repeats = {table.title for table in tables.values() if table.repeats}
        self._today = today or datetime.now(UTC).date()
        self._identifiers: dict[tuple[str, str], _Seen] = {}
        self._children: dict[str, _Seen] = {}
        self._last = ("", None, None)  # type: tuple[str, date | None, date | None]

    def __call__(self, record: Record) -> Iterable[Issue]:
        """The issues of one record, given all that came before it."""
        if isinstance(record, Issue) or record.purge:
            return ()
        return self._event(record) if isinstance(record, Event) else self._child(record)

    def _child(self, child: Child) -> Iterator[Issue]:
        birth = read_birth_date(child.fields.get("birth_date"))
        born = birth.value
        died = read_date(str(child.details.get("death_date", "")))
        self._last = (child.id, born, died)
        yield from self._birth(child, birth)
        if died and born and died < born:
            yield self._issue(
                child, "death-before-birth", Severity.ERROR, "The date of death is before birth."
            )
        yield from self._plain_fields(child)
        yield from self._same_child(child, born)
        usable = False
        for kind, (name, read) in _IDENTIFIERS.items():
            raw = child.fields.get(kind) or child.local_ids.get(kind)
            if not raw:
                continue
            checked: Checked[str] = read(raw)
            if checked.value is None:
                if checked.quality is Quality.INVALID:
                    yield self._issue(
                        child, f"{kind.replace('_', '-')}-invalid", Severity.ERROR,
                        f"The {name} {checked.reason}.", kind,
                    )  # fmt: skip
                continue
            usable = True
            if "temporary-upn" in checked.flags:
                yield self._issue(
                    child, "upn-temporary", Severity.NOTE, f"The {name} {checked.reason}.", kind
                )
            if kind == "former_upn":
                if checked.value == read_upn(child.fields.get("upn")).value:
                    yield self._issue(
                        child, "former-upn-same", Severity.WARNING,
                        "The former UPN is the UPN itself.", kind,
                    )  # fmt: skip
            else:
                yield from self._on_two(child, kind, name, checked.value, born)
        if child.whole and not usable:
            yield from self._no_way(child, born)

    def _birth(self, child: Child, birth: Checked[date]) -> Iterator[Issue]:
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
            if self._today.year - birth.value.year > _OLDEST:
                yield self._issue(
                    child, "birth-date-of-adult", Severity.WARNING,
                    f"By the date of birth this is a person over {_OLDEST - 1}: check the year.",
                    "birth_date",
                )  # fmt: skip

    def _plain_fields(self, child: Child) -> Iterator[Issue]:
        for field, name, read in _PLAIN:
            raw = child.fields.get(field)
            if raw:
                checked = read(raw)
                if checked.quality is Quality.INVALID:
                    yield self._issue(
                        child, f"{field}-invalid", Severity.WARNING,
                        f"The {name} {checked.reason}.", field,
                    )  # fmt: skip

    def _same_child(self, child: Child, born: date | None) -> Iterator[Issue]:
        """One of the sender's own numbers on two children, or one child given twice."""
        if not child.id:
            return
        birth = born.isoformat() if born else ""
        seen = self._children.get(child.id)
        if seen is None:
            if birth or child.whole:
                self._children[child.id] = _Seen("whole" if child.whole else "", birth, child.row)
            return
        if seen.birth and birth and seen.birth != birth:
            yield self._issue(
                child, "id-on-two-children", Severity.ERROR,
                f"The same number has another date of birth in row {seen.row}: either it is on "
                "two children, or one of the dates is wrong.", "birth_date",
            )  # fmt: skip
        elif child.whole and seen.child and child.table not in self._repeats:
            yield self._issue(
                child, "child-twice", Severity.WARNING,
                f"The same child is also in row {seen.row}.",
            )  # fmt: skip
        elif child.whole:
            self._children[child.id] = _Seen("whole", birth or seen.birth, child.row)

    def _on_two(
        self, child: Child, kind: str, name: str, value: str, born: date | None
    ) -> Iterator[Issue]:
        who = child.id or f"row {child.row}"
        birth = born.isoformat() if born else ""
        seen = self._identifiers.setdefault((kind, value), _Seen(who, birth, child.row))
        if seen.child == who:
            return
        code = kind.replace("_", "-")
        if birth and birth == seen.birth:
            yield self._issue(
                child, f"{code}-twice", Severity.WARNING,
                f"The {name} is also in row {seen.row}, under another number and with the same "
                "date of birth: one child may be held twice.", kind,
            )  # fmt: skip
        else:
            yield self._issue(
                child, f"{code}-on-two-children", Severity.ERROR,
                f"The {name} is also on another child, in row {seen.row}.", kind,
            )  # fmt: skip

    def _no_way(self, child: Child, born: date | None) -> Iterator[Issue]:
        given, family = child.fields.get("given"), child.fields.get("family")
        if born and read_given(given).value is not None and read_family(family).value is not None:
            return
        if child.id or any(child.local_ids.values()):
            yield self._issue(
                child, "match-by-own-number-only", Severity.WARNING,
                "There is no valid NHS number or UPN, and not both names with a date of birth: "
                "this child can be matched only through the sender's own number.",
            )  # fmt: skip
        else:
            yield self._issue(
                child, "no-way-to-match", Severity.ERROR,
                "There is no number at all, and not both names with a date of birth: nobody can "
                "tell which child this is.",
            )  # fmt: skip

    def _event(self, event: Event) -> Iterator[Issue]:
        start, end = event.start, event.end
        if start and end and end < start:
            yield self._event_issue(
                event, "end-before-start", Severity.ERROR, "It ends before it starts."
            )
        if start and start > self._today and event.kind not in _MAY_BE_AHEAD:
            yield self._event_issue(
                event, "date-in-future", Severity.WARNING, "It starts in the future."
            )
        who, born, died = self._last
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
        columns: tuple[str, ...] = (field,) if field else ()
        if table := self._tables.get(child.table):
            columns = table.fields.get(field) or table.local_ids.get(field) or columns
        return Issue(child.id, child.table, columns, child.row, rule, severity, text)

    def _event_issue(self, event: Event, rule: str, severity: Severity, text: str) -> Issue:
        columns = tuple(name for name in self._dates.get(event.table, ()) if name in event.facts)
        return Issue(event.child_id, event.table, columns, event.row, rule, severity, text)
