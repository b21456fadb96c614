"""A question as JSON can hold it, so that whoever keeps decisions can replay them.

The facts name organisations and a role; of the child they hold dates and the shield's level, so
they belong with what is personal.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from joinedup.policy.question import Action, Child, Level, Party, Question, Relationship


def as_facts(question: Question) -> dict[str, Any]:
    """Give every fact of the question as JSON values."""
    child = question.child
    return {
        "action": question.action.value,
        "on": question.on.isoformat(),
        "organisation": _of_party(question.organisation),
        "role": question.role,
        "purpose": question.purpose,
        "legal_basis": question.legal_basis,
        "child": {
            "born": _text(child.born),
            "died": _text(child.died),
            "known_until": _text(child.known_until),
            "level": child.level.letter,
        },
        "holder": _of_party(question.holder),
        "record_type": question.record_type,
        "relationship": question.relationship.value if question.relationship else None,
        "reason_given": question.reason_given,
        "emergency": question.emergency,
        "stepped_up": question.stepped_up,
    }


def from_facts(facts: Mapping[str, Any]) -> Question:
    """Read what ``as_facts`` gave; raises KeyError, TypeError or ValueError when it is damaged."""
    organisation, child = _party(facts["organisation"]), facts["child"]
    if organisation is None:
        raise ValueError("a question needs an organisation that asks")
    return Question(
        action=Action(facts["action"]),
        on=date.fromisoformat(facts["on"]),
        organisation=organisation,
        role=facts["role"],
        purpose=facts["purpose"],
        legal_basis=facts["legal_basis"],
        child=Child(
            _date(child["born"]),
            _date(child["died"]),
            _date(child["known_until"]),
            Level("URV".index(child["level"])),
        ),
        holder=_party(facts["holder"]),
        record_type=facts["record_type"],
        relationship=Relationship(facts["relationship"]) if facts["relationship"] else None,
        reason_given=facts["reason_given"],
        emergency=facts["emergency"],
        stepped_up=facts["stepped_up"],
    )


def _of_party(party: Party | None) -> dict[str, Any] | None:
    if party is None:
        return None
    return {
        "code": party.code,
        "kind": party.kind,
        "legal_class": party.legal_class,
        "valid_from": party.valid_from.isoformat(),
        "valid_to": _text(party.valid_to),
        "principal": _of_party(party.principal),
    }


def _party(facts: Mapping[str, Any] | None) -> Party | None:
    if facts is None:
        return None
    return Party(
        facts["code"],
        facts["kind"],
        facts["legal_class"],
        date.fromisoformat(facts["valid_from"]),
        _date(facts["valid_to"]),
        _party(facts["principal"]),
    )


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
