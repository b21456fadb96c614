"""How an agency's standing in a search, and its answer to a request, are said: plainly."""

from dataclasses import dataclass

from joinedup.hub.pages.models import Answer


@dataclass(frozen=True, slots=True)
class Said:
    """A tag with its colour, and a sentence where one is needed."""

    tag: str
    colour: str
    meaning: str = ""


STATUS_WORDS = {
    "waiting": Said("Not answered yet", "blue"),
    "claimed": Said("Looking now", "blue"),
    "hasRecords": Said("Holds a record", "green"),
    "noRecords": Said("No record", "grey"),
    "temporaryError": Said("Could not look", "yellow", "It will be asked again."),
    "permanentError": Said(
        "Could not look", "red", "It cannot answer. It may know this child: ask it another way."
    ),
    "notAsked": Said("Not asked", "grey", "No agreement lets you ask for this."),
    "expired": Said("Did not answer", "orange", "It may know this child: ask it another way."),
}
"""By the statuses of a search (design, contract 5.3)."""

STILL_TO_COME = frozenset({"waiting", "claimed", "temporaryError"})

ANSWER_WORDS = {
    Answer.WAITING: Said(
        "Not answered yet",
        "blue",
        "The agency has been asked. Its system answers in seconds when a rule covers the request.",
    ),
    Answer.GIVEN: Said("Given", "green"),
    Answer.NOTHING: Said(
        "No record was given",
        "grey",
        "There is nothing here for you to read. If you need to know more, speak to the agency.",
    ),
    Answer.NOT_AGREED: Said(
        "May not be given",
        "grey",
        "No agreement lets you read this agency’s records for your reason. You may know that there "
        "is one, and ask the agency.",
    ),
    Answer.NOT_RELEVANT: Said(
        "Not shared",
        "yellow",
        "The agency holds the record and judged that it would not help with your reason. Speak to "
        "the agency if you see it differently.",
    ),
    Answer.OTHER_LEGAL_BAR: Said(
        "Not shared", "yellow", "The agency may not share the record, under another law."
    ),
    Answer.ASK_US: Said(
        "Ask the agency",
        "yellow",
        "The agency wants to speak with you first. A person there decides: look here again within "
        "the hour, or ask again later.",
    ),
    Answer.FAILED: Said(
        "Could not answer", "red", "The agency’s system could not answer. Ask it another way."
    ),
    Answer.SILENT: Said(
        "Did not answer",
        "orange",
        "The agency did not answer in time. Nothing follows from that: ask again, or call it.",
    ),
    Answer.NOT_OPENED: Said(
        "Could not be used",
        "red",
        "What came could not be opened, was not as published, or was of another child. It was "
        "thrown away unread. Tell the agency.",
    ),
}
