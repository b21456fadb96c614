"""What a reviewer fills in."""

from typing import Any

from django import forms

from joinedup.hub.reconciliation.models import Decision, Kind, ReviewCase

LONGEST_NOTE = 500


class DecisionForm(forms.Form):
    """The decision on a case: ``decision``, ``other`` (which record is the same) and ``note``."""

    choice = forms.ChoiceField(
        error_messages={
            "required": "Select what you decide",
            "invalid_choice": "Select what you decide",
        }
    )
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        error_messages={"max_length": f"The note must be {LONGEST_NOTE} characters or fewer"},
    )

    def __init__(self, case: ReviewCase, *args: Any) -> None:
        super().__init__(*args)
        self.fields["choice"].choices = choices(case)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Take the choice apart; one who cannot tell says why."""
        cleaned = dict(super().clean() or {})
        word, _, at = cleaned.get("choice", "").partition(":")
        if word:
            cleaned["decision"] = Decision(word)
            cleaned["other"] = int(at or 1)
        if word == Decision.CANNOT_TELL and not cleaned.get("note"):
            self.add_error("note", "Say why you cannot tell, and what would help")
        return cleaned


def choices(case: ReviewCase) -> list[tuple[str, str]]:
    """Give what can be decided on a case, in words."""
    if case.kind == Kind.IDENTIFIER:
        return [
            (Decision.NOT_SAME, "Not the same: nobody whom the NHS knows is this child"),
            (Decision.CANNOT_TELL, "Cannot tell"),
        ]
    first, *others = (" ".join(record) for record in case.records)
    if len(others) == 1:
        same = [("same:1", "Same child")]
    else:
        same = [
            (f"same:{at}", f"Same child: {first} and {other}") for at, other in enumerate(others, 1)
        ]
    never = "Not the same" if len(others) == 1 else f"Not the same: {first} is none of the others"
    return [*same, (Decision.NOT_SAME, never), (Decision.CANNOT_TELL, "Cannot tell")]
