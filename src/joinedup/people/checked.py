"""A value as it was given, what it means, and whether it can be used."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Quality(StrEnum):
    """Data quality of one field, in the words of the national prototype's API."""

    VALID = "Valid"
    INVALID = "Invalid"
    NOT_PROVIDED = "NotProvided"


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """One field after reading it.

    ``value`` is the normalised form and is present exactly when ``quality`` is ``VALID``.
    ``reason`` says, to a data officer, what is wrong or worth knowing; it never repeats the value.
    ``flags`` are short stable codes for things worth knowing about a value
    (``placeholder``, ``first-of-january``, ``temporary-upn``...).
    """

    value: T | None
    quality: Quality
    reason: str = ""
    flags: frozenset[str] = frozenset()

    @classmethod
    def valid(cls, value: T, reason: str = "", flags: frozenset[str] = frozenset()) -> "Checked[T]":
        return cls(value, Quality.VALID, reason, flags)

    @classmethod
    def invalid(cls, reason: str, flags: frozenset[str] = frozenset()) -> "Checked[T]":
        return cls(None, Quality.INVALID, reason, flags)

    @classmethod
    def missing(cls, reason: str = "") -> "Checked[T]":
        return cls(None, Quality.NOT_PROVIDED, reason)
