"""A source that is away for a minute must not cost a night's run; one that is gone must end it."""

import threading

import pytest

from joinedup.identify.patience import PatientSource, SourceGone
from joinedup.pds.search import Answer, NotFound, Refused, Search, Unavailable


class Script:
    """A source that gives these answers in turn, then the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked = 0

    def search(self, search: Search) -> Answer:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def read(self, nhs_number: str) -> Answer:
        return self.search(Search())


def patient(script: Script, *, limit: int = 3, patience: float = 5.0, told=None) -> PatientSource:
    told = [] if told is None else told
    return PatientSource(
        script, limit=limit, patience=patience, stop=threading.Event(), waiting=told.append
    )


def test_a_source_that_says_when_to_ask_again_is_asked_again() -> None:
    told: list[float] = []
    script = Script(Unavailable("busy", 0.01), Unavailable("busy", 0.01), NotFound())
    assert patient(script, told=told).search(Search()) == NotFound()
    assert script.asked == 3
    assert told == [0.01]


def test_a_source_that_says_nothing_is_given_up_after_so_many_silent_answers() -> None:
    script = Script(Unavailable("gone"))
    source = patient(script)
    for _ in range(3):
        assert isinstance(source.search(Search()), Unavailable)
    with pytest.raises(SourceGone):
        source.read("9990000018")
    assert script.asked == 3


def test_one_answer_starts_the_count_again() -> None:
    silent = Unavailable("gone")
    source = patient(Script(silent, silent, NotFound(), silent, silent, NotFound()))
    for _ in range(10):
        source.search(Search())


def test_patience_ends() -> None:
    script = Script(Unavailable("busy", 0.02))
    source = patient(script, patience=0.1)
    for _ in range(3):
        source.search(Search())
    with pytest.raises(SourceGone):
        source.search(Search())
    assert script.asked < 20


def test_a_refusal_of_access_is_not_asked_for_a_whole_file_and_one_of_a_question_is() -> None:
    source = patient(Script(Refused(403, "ACCESS_DENIED")))
    for _ in range(3):
        source.search(Search())
    with pytest.raises(SourceGone):
        source.search(Search())
    source = patient(Script(Refused(400, "INVALID_SEARCH_DATA")))
    for _ in range(10):
        source.search(Search())


def test_a_stop_ends_the_wait() -> None:
    stop = threading.Event()
    stop.set()
    script = Script(Unavailable("busy", 60.0))
    source = PatientSource(script, limit=3, patience=600, stop=stop, waiting=lambda s: None)
    assert isinstance(source.search(Search()), Unavailable)
