"""What the commands share that put each row of a file to the source of truth."""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from joinedup import __version__
from joinedup.cli.interrupt import INTERRUPTED
from joinedup.cli.source import SourceError
from joinedup.identify import STRATEGIES
from joinedup.identify.batch import Stopped
from joinedup.identify.journal import Journal, JournalError
from joinedup.identify.match_file import PATIENCE
from joinedup.identify.report import duration
from joinedup.standards.columns import TableError
from joinedup.standards.tabular import Table

PROBLEMS, USAGE, NO_ANSWER = 1, 2, 3  # exit status, contract 5.1

Say = Callable[[str], None]

_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods"})


class Misuse(click.ClickException):
    """The command cannot be carried out as given."""

    exit_code = USAGE


class NoAnswer(click.ClickException):
    """Something that the command needs did not answer."""

    exit_code = NO_ANSWER


_ASKING = (
    click.option(
        "--strategy", type=click.Choice(sorted(STRATEGIES)), default="adaptive", show_default=True,
        help="How to search. All but adaptive are the national prototype's, for comparison only.",
    ),
    click.option(
        "--pds-url", metavar="URL", envvar="JOINEDUP_PDS_URL", show_envvar=True,
        help="The source of truth: the address before /personal-demographics. "
        "Default: an emulator with the demo's invented people.",
    ),
    click.option(
        "--pds-tps", metavar="N", type=click.FloatRange(min=0),
        help="Calls a second that may be made, 0 for no limit. Default: 5, and no limit for the "
        "demo's emulator.",
    ),
    click.option(
        "--workers", metavar="N", type=click.IntRange(1, 64), default=8, show_default=True,
        help="Questions in flight at a time.",
    ),
    click.option(
        "--patience", metavar="SECONDS", type=click.FloatRange(min=0), default=PATIENCE,
        show_default=True,
        help="How long to wait for a source that stops answering before giving it up.",
    ),
    click.option(
        "--map", "maps", metavar="NAME=COLUMN", multiple=True,
        help="Say which column holds a field, when its heading is not recognised. Repeatable.",
    ),
    click.option(
        "--sheet", metavar="NAME", help="The sheet of a workbook. Default: the first in use."
    ),
)  # fmt: skip
_RUNNING = (
    click.option("--restart", is_flag=True, help="Forget the answers of an unfinished run."),
    click.option("-q", "--quiet", is_flag=True, help="Show errors only."),
    click.option(
        "--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout."
    ),
)  # fmt: skip

_Command = Callable[..., None]


def asking_options(command: _Command) -> _Command:
    """Add the options of how the file is read and the source is asked."""
    return _with(_ASKING, command)


def running_options(command: _Command) -> _Command:
    """Add the options of going on with a run, and of what is printed."""
    return _with(_RUNNING, command)


def _with(options: Sequence[Callable[[_Command], _Command]], command: _Command) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


def warn_of_strategy(strategy: str, say: Say) -> None:
    """Say, even when quiet, that a strategy is for comparison only."""
    if STRATEGIES[strategy].accepts_on_score:
        say(
            f"Warning: {strategy} accepts on the source's score alone, without comparing who came "
            "back. It is for comparison; do not use its numbers for real children."
        )


def tell_waiting(tell: Say, patience: float) -> Callable[[float], None]:
    """Make what says, once in each silence, that the source is waited for."""
    return lambda seconds: tell(
        "The source of truth does not answer. Waiting for it, up to "
        f"{duration(patience)} (--patience)."
    )


def end_journal(journal: Journal, unavailable: int, rows: int, source: str, say: Say) -> None:
    """Forget a run that is whole; of another, say what the next run asks."""
    if not unavailable:  # the last thing of all: until here, a killed run finds every answer again
        journal.remove()
        return
    say(
        f"The source of truth ({source}) did not answer for "
        f"{unavailable:,} of {rows:,} rows. They are marked Unavailable, "
        "which says nothing about those children. When it is back, give the same "
        "command again: only those rows are asked. The other answers are kept in "
        f"{journal.path.name} until then."
    )


@contextlib.contextmanager
def open_journal(
    path: Path, command: str, tables: list[Table], strategy: str, source: str, restart: bool
) -> Iterator[Journal]:
    """Open the journal of a run of this command; JournalError when it is another run's."""
    journal = Journal.open(
        path,
        content=b"".join(table.digest for table in tables),
        settings={
            "command": command,
            "strategy": strategy,
            "source": source,
            "version": __version__,
        },
        restart=restart,
    )
    try:
        yield journal
    finally:
        journal.close()


@contextlib.contextmanager
def failures_told(kept: Path, say: Say) -> Iterator[None]:
    """End the command as contract 5.1 says when something goes wrong that is no fault of ours.

    ``kept`` is the journal, where what was answered is.
    """
    try:
        yield
    except (TableError, JournalError) as error:
        raise Misuse(str(error)) from None
    except SourceError as error:
        raise (Misuse if error.at_fault else NoAnswer)(str(error)) from None
    except Stopped:
        say(f"Stopped. What was answered is kept in {kept}: give the same command again to go on.")
        sys.exit(INTERRUPTED)
    except (OSError, sqlite3.Error) as error:
        raise Misuse(
            f"The run cannot go on: {error}. What was answered is kept in "
            f"{kept}: put that right and give the same command again."
        ) from None


def check_input(in_files: Sequence[Path]) -> None:
    """Raise TableError for a file that is not there."""
    for path in in_files:
        if not path.exists():
            raise TableError(f"{path} does not exist.")


def check_outputs(paths: Sequence[Path], in_files: Sequence[Path]) -> None:
    """Raise TableError when writing these would harm an input, or cannot be done.

    The first is the result, a CSV file.
    """
    out = paths[0]
    if out.suffix.lower() in _SPREADSHEETS:
        raise TableError(
            f"The output is CSV, which Excel opens. Give -o a name such as {out.stem}.csv."
        )
    for path in paths:
        if path.exists() and any(path.samefile(one) for one in in_files):
            raise TableError(f"{path} is the input, which is never overwritten. Give another name.")
        if path.is_dir():
            raise TableError(f"{path} is a folder. Give the name of a file.")
        if not os.access(path.parent, os.W_OK):
            raise TableError(f"The folder {path.parent} does not exist or cannot be written to.")


def journal_of(out: Path) -> Path:
    """Give where the journal of a run with this output is."""
    return out.with_name(out.name + ".journal")
