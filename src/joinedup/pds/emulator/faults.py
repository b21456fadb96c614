"""Failures on request, so that a client can be seen to survive them.

A fault strikes by count (``requests``), by chance (``share``, from a seeded generator) or always;
the n-th request meets the same fate in every run with the same seed.
"""

import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """What can be made to go wrong."""

    TOO_MANY_REQUESTS = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    SLOW = "slow"  # answer late
    CUT = "cut"  # close the connection in the middle of the body
    MALFORMED = "malformed"  # a body that is not JSON
    HTML = "html"  # a proxy's error page, with status 200
    CHANGED_ANSWER = "changed-answer"  # 503 first; the retry is answered differently
    TOKEN_DOWN = "token-down"  # the token endpoint answers 503  # noqa: S105


class FaultError(ValueError):
    """A fault was asked for in a way that cannot be understood; the text says how to write it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure and when it strikes."""

    kind: Kind
    requests: int | None = None  # only for so many requests
    share: float = 1.0  # only for this share of the requests
    after: int = 0  # not for the first so many
    retry_after: float | None = None  # the Retry-After header of a 429 or 503
    seconds: float = 5.0  # how late a slow answer is
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise FaultError("share must be above 0 and at most 1")
        if self.after < 0 or self.seconds < 0 or (self.requests is not None and self.requests < 1):
            raise FaultError("requests must be at least 1; after and seconds not below 0")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KIND`` or ``KIND:name=value,name=value``, as the command line gives it.

        >>> Fault.parse("429:share=0.2,retry_after=3").retry_after
        3.0
        """
        kind, _, rest = text.partition(":")
        settings: dict[str, Any] = {"kind": kind}
        for setting in filter(None, rest.split(",")):
            name, equals, value = setting.partition("=")
            if not equals:
                raise FaultError(f"'{setting}' is not name=value")
            settings[name.strip().replace("-", "_")] = value
        return cls.read(settings)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Read a fault from JSON-like settings; raises ``FaultError``."""
        unknown = settings.keys() - {f.name for f in fields(cls)}
        if unknown:
            raise FaultError(f"unknown setting {sorted(unknown)[0]!r}")
        kinds = {kind.value: kind for kind in Kind}
        if str(settings.get("kind")) not in kinds:
            raise FaultError(f"kind must be one of {', '.join(kinds)}")
        out: dict[str, Any] = {"kind": kinds[str(settings["kind"])]}
        try:
            for name, value in settings.items():
                if name == "kind" or value is None:
                    continue
                whole = name in ("requests", "after", "seed")
                out[name] = int(value) if whole else float(value)
        except (TypeError, ValueError) as error:
            raise FaultError(f"{name} must be a number") from error
        return cls(**out)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    """The faults in force; safe to use from several threads."""

    _REMEMBERED = 10_000  # request ids of changed answers

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._active: list[_Active] = []
        self._promised: OrderedDict[str, None] = OrderedDict()
        self.replace(faults)

    def replace(self, faults: tuple[Fault, ...]) -> None:
        """Put these faults in force instead of those there were."""
        with self._lock:
            self._active = [_Active(fault) for fault in faults]
            self._promised.clear()

    def in_force(self) -> list[dict[str, Any]]:
        """The faults that are set, ready for JSON."""
        return [active.fault.as_json() for active in self._active]

    def for_token(self) -> Fault | None:
        """The fault that a request to the token endpoint meets, if any."""
        return self._strike(lambda kind: kind is Kind.TOKEN_DOWN)

    def for_request(self) -> Fault | None:
        """The fault that the next request to the API meets, if any."""
        return self._strike(lambda kind: kind is not Kind.TOKEN_DOWN)

    def promise_change(self, request_id: str) -> None:
        """Remember that a retry with this id is to get another answer."""
        with self._lock:
            self._promised[request_id] = None
            while len(self._promised) > self._REMEMBERED:
                self._promised.popitem(last=False)

    def is_changed(self, request_id: str | None) -> bool:
        """Whether an answer with this id is to be changed."""
        return request_id in self._promised

    def _strike(self, concerns: Callable[[Kind], bool]) -> Fault | None:
        if not self._active:
            return None
        with self._lock:
            struck = [a.fault for a in self._active if concerns(a.fault.kind) and a.strikes()]
        return struck[0] if struck else None


class _Active:
    """A fault in force, with its count and its dice."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0
        self._struck = 0
        # Chance for tests; nothing secret depends on it.
        self._dice = random.Random(fault.seed)  # noqa: S311

    def strikes(self) -> bool:
        self._seen += 1
        if self._seen <= self.fault.after:
            return False
        if self.fault.requests is not None and self._struck >= self.fault.requests:
            return False
        if self._dice.random() >= self.fault.share:
            return False
        self._struck += 1
        return True
