"""The journal: what a killed run must not lose, and must not give away."""

import multiprocessing
import stat

import pytest

from joinedup.identify.journal import Answer, Journal, JournalError

MATCH = Answer("Match", ("Match", "9990000018", "1.0000", "agrees"), ("agrees",), 2)
SETTINGS = {"strategy": "adaptive", "source": "https://pds.example"}


def opened(path, *, content=b"c" * 32, restart=False, **settings) -> Journal:
    return Journal.open(path, content=content, settings={**SETTINGS, **settings}, restart=restart)


def test_an_answer_is_there_again_after_closing(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    key = journal.question(b"who")
    assert journal.get(key) is None
    journal.put(key, 7, MATCH)
    journal.close()
    again = opened(tmp_path / "j")
    kept = again.get(again.question(b"who"))
    assert kept is not None
    assert (kept.row, kept.answer, again.resumed) == (7, MATCH, 1)


def test_an_unfinished_answer_is_never_kept(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    with pytest.raises(ValueError, match="finished"):
        journal.put(b"k", 1, Answer("Unavailable", (), finished=False))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"content": b"d" * 32}, "input file is not the same"),
        ({"strategy": "s1"}, "strategy was adaptive and is now s1"),
        ({"source": "https://other.example"}, "source was https://pds.example"),
    ],
)
def test_what_would_make_old_answers_mean_something_else_is_refused(
    tmp_path, change, words
) -> None:
    opened(tmp_path / "j").close()
    with pytest.raises(JournalError, match=words) as error:
        opened(tmp_path / "j", **change)
    assert "--restart" in str(error.value)
    opened(tmp_path / "j").close()  # still usable for the run it belongs to
    assert opened(tmp_path / "j", restart=True, **change).resumed == 0


def test_restart_forgets_every_answer(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    journal.put(journal.question(b"who"), 1, MATCH)
    journal.close()
    again = opened(tmp_path / "j", restart=True)
    assert again.get(again.question(b"who")) is None


def _try_open(path, answers) -> None:
    try:
        opened(path)
    except JournalError as error:
        answers.put(str(error))


def test_two_runs_cannot_write_one_output(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_try_open, args=(tmp_path / "j", answers))
    process.start()
    assert "Another run is writing this output" in answers.get(timeout=30)
    process.join()
    journal.close()


def test_a_file_that_is_no_journal_is_not_harmed_unless_told(tmp_path) -> None:
    path = tmp_path / "j"
    path.write_text("something precious" * 100)
    with pytest.raises(JournalError, match="not a journal"):
        opened(path)
    assert path.read_text().startswith("something precious")


def test_only_its_owner_can_read_it_and_no_question_is_in_it(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    journal.put(journal.question(b"amelia featherstone 2012-05-04"), 1, MATCH)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"featherstone" not in path.read_bytes().lower()
    journal.close()


def test_the_journal_alone_cannot_be_searched_for_a_child(tmp_path) -> None:
    """Its keys need the input file: another file's content gives other keys."""
    one = opened(tmp_path / "a", content=b"a" * 32)
    other = opened(tmp_path / "b", content=b"a" * 32)
    assert one.question(b"who") != other.question(b"who")  # salted as well
    stored = (tmp_path / "a").read_bytes()
    assert b"a" * 32 not in stored
    assert (b"a" * 32).hex().encode() not in stored


def test_removing_leaves_nothing_behind(tmp_path) -> None:
    journal = opened(tmp_path / "j")
    journal.put(journal.question(b"who"), 1, MATCH)
    journal.remove()
    assert list(tmp_path.iterdir()) == []
