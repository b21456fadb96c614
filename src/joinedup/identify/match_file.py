"""Matching a whole file: every row gets an outcome, and a number when it is a match."""

import threading
from collections.abc import Callable
from pathlib import Path

from joinedup.identify import identify
from joinedup.identify.batch import Batch, Done
from joinedup.identify.journal import Answer, Journal
from joinedup.identify.outcome import Outcome, Status
from joinedup.identify.patience import PatientSource, SourceGone
from joinedup.identify.tally import Tally
from joinedup.pds.search import Source
from joinedup.people.checked import Quality
from joinedup.people.demographics import FIELDS, Demographics
from joinedup.standards.columns import REQUIRED
from joinedup.standards.output import ResultFile
from joinedup.standards.tabular import Table

HEADINGS = (
    "SUI_Status",
    "SUI_NHSNo",
    "SUI_Score",
    "SUI_Reason",
    "SUI_DataQuality",
    "SUI_Calls",
)  # contract 5.1

PATIENCE = 120.0  # seconds
_SILENT_ROUNDS = 3  # questions without an answer, for each worker, before the source is given up


def match_file(
    table: Table,
    out: Path,
    *,
    source: Source,
    strategy: str,
    journal: Journal,
    workers: int,
    progress: Callable[[Done], None],
    stop: threading.Event,
    patience: float = PATIENCE,
    waiting: Callable[[float], None] = lambda seconds: None,
) -> Tally:
    """Match every row of ``table`` and write ``out``: rows out = rows in, in the same order.

    ``progress`` hears of every row written; ``waiting`` that a silent source is waited for, which
    is done for ``patience`` seconds. Raises ``Stopped`` when ``stop`` is set, leaving no
    output, only the journal. The journal is the caller's to remove, once it has told people.
    """
    patient = PatientSource(
        source,
        limit=max(20, _SILENT_ROUNDS * workers),
        patience=patience,
        stop=stop,
        waiting=waiting,
    )

    def ask(question: Demographics) -> Answer:
        try:
            return outcome_answer(identify(question, patient, strategy))
        except SourceGone:
            return outcome_answer(_NOT_ASKED)

    batch = Batch(
        ask,
        unreadable=_unreadable,
        failed=_failed,
        journal=journal,
        workers=workers,
        stop=stop,
    )
    columns = [name for name in FIELDS if name in table.columns.positions or name in REQUIRED]
    tally = Tally()
    headings = (*table.columns.headings, *HEADINGS)
    with ResultFile(out, headings, mark=table.wants_mark) as result:
        for done in batch.run(table):
            status, number, score, reason = done.answer.cells
            quality = data_quality(done.question, columns)
            result.write((*done.row.cells, status, number, score, reason, quality, str(done.calls)))
            tally.add(done, columns)
            progress(done)
        result.commit()
    return tally


def outcome_answer(outcome: Outcome) -> Answer:
    """An outcome as the cells SUI_Status, SUI_NHSNo, SUI_Score and SUI_Reason."""
    reason = "; ".join(outcome.reasons)
    if outcome.advice:
        reason = f"{reason}. {outcome.advice}" if reason else outcome.advice
    return Answer(
        status=outcome.status,
        cells=(
            outcome.status,
            outcome.nhs_number or "",
            "" if outcome.score is None else f"{outcome.score:.4f}",
            reason,
        ),
        reasons=outcome.reasons,
        calls=outcome.calls,
        finished=outcome.status is not Status.UNAVAILABLE,
    )


def data_quality(question: Demographics | None, columns: list[str]) -> str:
    """The quality of each field, such as ``given=Valid; birth_date=Invalid (two-digit year)``."""
    if question is None:
        return f"row={Quality.INVALID}"
    parts = []
    for name in columns:
        check = getattr(question, name)
        parts.append(
            f"{name}={check.quality} ({check.reason})"
            if check.reason
            else f"{name}={check.quality}"
        )
    return "; ".join(parts)


_NOT_ASKED = Outcome(
    Status.UNAVAILABLE,
    reasons=("not asked: the source of truth had stopped answering",),
    advice="This is not an answer about the child. Run the same command again later.",
)


def _unreadable(problem: str) -> Answer:
    return outcome_answer(
        Outcome(
            Status.INVALID,
            reasons=(problem,),
            advice="Correct the row in the file and run again.",
        )
    )


def _failed(fault: str) -> Answer:
    return outcome_answer(
        Outcome(
            Status.UNAVAILABLE,
            reasons=(f"Joinedup itself failed on this row ({fault})",),
            advice="This is not an answer about the child. Report it to your supplier.",
        )
    )
