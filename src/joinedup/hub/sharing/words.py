"""Words for requests: how they stand, what came of each item, what was asked for."""

from joinedup.hub.pages import record_words
from joinedup.hub.pages.status_words import Said
from joinedup.hub.sharing.course import State, Step, Told
from joinedup.hub.sharing.models import ShareItem

STATES = {
    State.RECEIVED: Said("Waiting", "blue"),
    State.IN_DIALOGUE: Said("In dialogue", "blue"),
    State.ESCALATED: Said("With the safeguarding lead", "orange"),
    State.DECIDED: Said("Answered", "green"),
    State.WITHDRAWN: Said("Withdrawn", "grey"),
}
ANSWERS = {
    Told.GIVEN: Said("Given", "green"),
    Told.NOTHING: Said(
        "Nothing was given",
        "grey",
        "There is nothing here for you to read. If you need to know more, speak to them.",
    ),
    Told.NOT_RELEVANT: Said(
        "Not shared", "yellow", "They judged that it would not help with your purpose."
    ),
    Told.OTHER_LEGAL_BAR: Said("Not shared", "yellow", "They may not, under another law."),
}
STEPS = {
    Step.RECEIVE: "Sent",
    Step.MESSAGE: "Message",
    Step.HAND_ON: "Handed to the safeguarding lead",
    Step.ESCALATE: "Time ran out: with the safeguarding lead",
    Step.DECIDE: "Answered",
    Step.WITHDRAW: "Withdrawn",
}


def item(asked: ShareItem) -> str:
    """An item in words."""
    about = record_words.about(asked.record_type)
    if not asked.field:
        return f"{about}: all of it"
    labels = dict(record_words.fields(asked.record_type))
    return f"{about}: {labels.get(asked.field, asked.field)}"
