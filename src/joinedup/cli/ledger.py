"""``joinedup ledger``: verify the log, copy it, and verify a receipt."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from joinedup.cli.progress import RowProgress
from joinedup.database import DatabaseUnavailable, database_url
from joinedup.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from joinedup.ledger.entry import read_content
from joinedup.ledger.merkle import ProofError
from joinedup.ledger.receipt import Receipt, ReceiptError
from joinedup.ledger.verify import verify
from joinedup.ledger.witness import WitnessFile

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KEY = "JOINEDUP_LEDGER_KEY"
_STATUS = (
    "Exit status: 0 the log is whole, 1 faults were found, 2 wrong usage, "
    "3 the database did not answer."
)


@click.group("ledger", epilog=_STATUS)
def command() -> None:
    """Verify the ledger, copy it, or verify a receipt.

    Verifying needs no database and trusts nothing in it: a copy of the log is held against
    checkpoints that witnesses kept. Do it on another machine than the hub's.
    """


@command.command(
    "verify",
    epilog=f"""
\b
Examples:
  joinedup ledger verify                                   on the hub's own machine
  joinedup ledger verify log.jsonl -c witness -c partner --key hub.key

{_STATUS}
""",
)
@click.argument("log_file", metavar="[LOG]", required=False, type=_FILE)
@click.option(
    "-c", "--checkpoints", "witness_files", metavar="FILE", multiple=True, type=_FILE,
    help="A witness's file of checkpoints. Repeatable; the more, the more is proved.",
)  # fmt: skip
@click.option(
    "--key", metavar="KEY", envvar=_KEY, show_envvar=True,
    help="The log's public key (name+id+key), or a file with it. Get it from the witness.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but faults.")
def verify_command(
    log_file: Path | None,
    witness_files: tuple[Path, ...],
    key: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find every change to what was signed for.

    LOG is what `joinedup ledger export` wrote. Without it, the log is first copied out of the
    hub's database, and held against the witness file in the state folder and any that
    JOINEDUP_LEDGER_WITNESSES names.

    An edit, a deletion, an insertion, another order, a cut, a return to an older copy and a fork
    are found when a checkpoint given here covers them.
    """
    console = Console(stderr=True, highlight=False)
    if log_file is not None:
        if not witness_files:
            raise click.UsageError("Give at least one file of checkpoints: -c FILE.")
        found = _verify(console, log_file, witness_files, _key(key), as_json=as_json, quiet=quiet)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "log.jsonl"
            files, own_key = _copy_from_hub(copy)
            found = _verify(
                console, copy, (*files, *witness_files), _key(key) if key else own_key,
                as_json=as_json, quiet=quiet,
            )  # fmt: skip
    raise SystemExit(0 if found else 1)


@command.command("export", epilog=_STATUS)
@click.argument("out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def export_command(out: Path, as_json: bool, quiet: bool) -> None:
    """Copy the log out of the hub's database: one entry a line, as it was hashed.

    Nothing personal is in it: the personal parts stay, sealed, in the database.
    """
    _, key = _copy_from_hub(out)
    entries = _lines(out)
    if as_json:
        click.echo(json.dumps({"command": "ledger export", "entries": entries, "key": key.text()}))
    elif not quiet:
        click.echo(f"{entries:,} entries in {out}. The log's key: {key.text()}", err=True)


@command.command("receipt", epilog=_STATUS)
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--key", metavar="KEY", envvar=_KEY, show_envvar=True, required=True,
    help="The log's public key (name+id+key), or a file with it.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but faults.")
def receipt_command(file: Path, key: str, as_json: bool, quiet: bool) -> None:
    """Verify one receipt, and say what it proves.

    FILE is the JSON that GET /api/v1/ledger/receipts/ID gave.
    """
    try:
        receipt = Receipt.parse(file.read_text("utf-8"))
    except (ReceiptError, UnicodeDecodeError):
        raise click.UsageError(f"{file} is not a receipt of the ledger.") from None
    try:
        checkpoint = receipt.check([_key(key)])
        facts = read_content(receipt.content)
    except (CheckpointError, ProofError, ValueError) as error:
        click.echo(f"The receipt proves nothing: {error}.", err=True)
        raise SystemExit(1) from None
    if as_json:
        told = {"command": "ledger receipt", "whole": True, "place": receipt.place}
        click.echo(json.dumps({**told, "size": checkpoint.size, "entry": facts}))
    elif not quiet:
        click.echo(
            f"Entry {receipt.place:,} of a log of {checkpoint.size:,}, signed for by "
            f"{checkpoint.origin} on {checkpoint.at:%d %B %Y at %H:%M:%S} UTC:"
        )
        for name, value in facts.items():
            if value not in ("", None, [], False):
                click.echo(f"  {name:<15} {', '.join(value) if isinstance(value, list) else value}")


def _key(given: str | None) -> Verifier:
    if not given:
        raise click.UsageError(f"Say which key the log is signed with: --key, or {_KEY}.")
    path = Path(given)
    try:
        return Verifier.parse(path.read_text("utf-8") if "+" not in given else given)
    except (CheckpointError, OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--key: {error}.") from None


def _verify(
    console: Console,
    log_file: Path,
    witness_files: tuple[Path, ...],
    key: Verifier,
    *,
    as_json: bool,
    quiet: bool,
) -> bool:
    """Verify and say what was found; gives whether the log is whole."""
    checkpoints: list[Checkpoint] = []
    faults: list[str] = []
    for path in witness_files:
        try:
            checkpoints += WitnessFile(path, key).checkpoints()
        except CheckpointError as error:
            faults.append(f"{path}: {error}")
    with RowProgress(console, _lines(log_file), quiet=quiet) as progress:
        found = verify(_contents(log_file, progress), checkpoints)
    faults += [fault.words for fault in found.faults]
    if found.entries and not checkpoints:
        faults.append("no checkpoint covers any of it: nothing is proved (is the worker running?)")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "command": "ledger verify",
                    "whole": not faults,
                    "entries": found.entries,
                    "covered": found.covered,
                    "checkpoints": len(checkpoints),
                    "faults": faults,
                }
            )
        )
    for fault in faults:
        click.echo(f"Fault: {fault}.", err=True)
    if not faults and not quiet:
        click.echo(
            f"Whole: {found.entries:,} entries, {found.covered:,} of them covered by "
            f"{len(checkpoints):,} checkpoints.",
            err=True,
        )
    return not faults


def _contents(path: Path, progress: RowProgress) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            progress.row("read")
            yield line.removesuffix(b"\n")


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _copy_from_hub(out: Path) -> tuple[tuple[Path, ...], Verifier]:
    """Copy the log; gives the witness files that can be read here, and the log's key."""
    from django.db import Error as DatabaseFailure

    from joinedup.hub.environment import SettingError
    from joinedup.hub.serve import set_up

    try:
        os.environ["DATABASE_URL"] = database_url()
        set_up()
        from joinedup.hub.ledger import export, keys, sequencing, witnesses

        with out.open("wb") as file:
            for content in export.contents(sequencing.size()):
                file.write(content + b"\n")
        files = [
            witness.file.path
            for witness in (witnesses.own(), *witnesses.others())
            if isinstance(witness, witnesses.FileWitness)
        ]
        return tuple(each for each in files if each.exists()), keys.signer().verifier
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}.") from None
    except (DatabaseUnavailable, DatabaseFailure) as error:
        said = str(error) if isinstance(error, DatabaseUnavailable) else "it has no ledger"
        click.echo(f"Error: the hub's database did not answer ({said}).", err=True)
        raise SystemExit(3) from None


if __name__ == "__main__":
    command()
