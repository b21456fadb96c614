"""Progress on stderr: a bar for people, a line now and then for logs."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from joinedup.identify.report import duration

_BAR_EVERY = 0.1  # seconds
_FIRST_LINE, _LINE_EVERY = 10.0, 30.0


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f} rows/s" if speed else "- rows/s", style="progress.data.speed")


class RowProgress:
    """Shows how far a run over ``total`` rows is, its rate, the time left and counts by outcome."""

    def __init__(self, console: Console, total: int, *, quiet: bool = False) -> None:
        self._console = console
        self._total = total
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._rows = 0
        self._start = time.monotonic()
        self._next = self._start + _FIRST_LINE
        self._bar: Progress | None = None
        if console.is_terminal and not quiet:
            self._bar = Progress(
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                _Rate(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[counts]}"),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("rows", total=total, counts="")
            self._next = self._start

    def row(self, outcome: str) -> None:
        """One more row is done."""
        self._rows += 1
        self._counts[outcome] += 1
        if self._quiet or (now := time.monotonic()) < self._next:
            return
        if self._bar:
            self._next = now + _BAR_EVERY
            self._bar.update(self._task, completed=self._rows, counts=self._so_far())
        else:
            self._next = now + _LINE_EVERY
            rate = self._rows / (now - self._start)
            left = (self._total - self._rows) / rate
            self._console.print(
                f"{self._rows:,} of {self._total:,} rows, {rate:,.1f} a second, "
                f"about {duration(left)} left. {self._so_far()}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )

    def _so_far(self) -> str:
        return "  ".join(f"{name} {count:,}" for name, count in self._counts.most_common())

    def __enter__(self) -> "RowProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.update(self._task, completed=self._rows, counts=self._so_far())
            self._bar.stop()


class StageProgress:
    """Shows the stages of a run: which one is going on, how far it is, and how long each took."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self.seconds: dict[str, float] = {}
        self._bar: Progress | None = None
        if console.is_terminal and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            )

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Go through one stage; how long it took is said when it is done."""
        begun = time.monotonic()
        with self._bar or contextlib.nullcontext():
            if self._bar:
                for task in self._bar.task_ids:
                    self._bar.remove_task(task)
                self._task = self._bar.add_task(name, total=None)
            yield
        self.seconds[name] = time.monotonic() - begun
        if not self._quiet:
            self._console.print(
                f"{name}: {duration(self.seconds[name])}", highlight=False, markup=False
            )

    def step(self, what: str, done: int, of: int) -> None:
        """Tell how far the stage is."""
        if self._bar:
            self._bar.update(self._task, description=what, completed=done, total=of or None)

    def rows(self, more: int) -> None:
        """Tell that more rows of an unknown number are done."""
        if self._bar:
            self._bar.advance(self._task, more)
            done = int(self._bar.tasks[-1].completed)
            self._bar.update(self._task, description=f"{done:,} rows")
