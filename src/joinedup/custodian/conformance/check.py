"""One check of the contract: its name, whether it was kept, and why not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from joinedup.custodian.client import Refused
from joinedup.custodian.http import HubAway


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the report."""

    name: str
    passed: bool
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


class Broken(Exception):
    """The contract was not kept; the text says how, and what it says."""


@dataclass(slots=True)
class Report:
    """Checks as they are made; each is told at once."""

    tell: Callable[[Check], None] = lambda _: None
    checks: list[Check] = field(default_factory=list)

    @contextmanager
    def check(self, name: str) -> Iterator[None]:
        """Make one check: what raises within it, fails it."""
        try:
            yield
        except (Broken, HubAway, Refused) as error:
            self._add(Check(name, False, str(error)))
        except (KeyError, TypeError, ValueError) as error:
            self._add(Check(name, False, f"an answer lacks or misnames something: {error!r}"))
        else:
            self._add(Check(name, True))

    @property
    def passed(self) -> bool:
        """Whether every check was kept."""
        return all(one.passed for one in self.checks)

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self.tell(check)


def expect(kept: object, how_not: str) -> None:
    """Raise ``Broken`` unless it was kept."""
    if not kept:
        raise Broken(how_not)
