"""``joinedup custodian``: an agency's own node."""

import getpass
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from joinedup.cli.interrupt import stop_on_interrupt
from joinedup.custodian.answers import SHARE, decide_request, waiting_requests
from joinedup.custodian.client import WITHHELD_REASONS, Refused
from joinedup.custodian.config import Config, ConfigError, read_config
from joinedup.custodian.files import accept_smaller
from joinedup.custodian.given import given, receipt_of
from joinedup.custodian.http import HubAway
from joinedup.custodian.node import Node
from joinedup.custodian.store import Store, StoreError
from joinedup.custodian.witnessing import EVIDENCE, evidence, signer


@click.command(
    "custodian",
    epilog="docs/custodian.md has an example of the file. Exit status: 0 done, 1 a file was not "
    "taken in or the hub's ledger contradicts itself, 2 wrong usage, 3 the hub or "
    "a database did not answer.",
)
@click.option(
    "--config", "config_file", required=True, metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The node's configuration (TOML).",
)  # fmt: skip
@click.option("--once", is_flag=True, help="Do all there is to do now, and end.")
@click.option("--waiting", is_flag=True, help="List the requests that wait for a person, and end.")
@click.option(
    "--decide", nargs=2, metavar="NUMBER DECISION",
    help=f"Decide a request: {SHARE}, or {', '.join(WITHHELD_REASONS)}.",
)  # fmt: skip
@click.option(
    "--accept-smaller", metavar="NAME",
    help="Take in a file that was refused for holding much less than before.",
)  # fmt: skip
@click.option(
    "--given", "shows_given", is_flag=True,
    help="List what was given to whom, with the state of each receipt, and end.",
)  # fmt: skip
@click.option("--receipt", metavar="ENTRY", help="Print one receipt (for `ledger receipt`).")
@click.option("--witness-key", is_flag=True, help="Print the key that this node signs with.")
@click.option("--json", "as_json", is_flag=True, help="Print how the node stands as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(
    config_file: Path,
    once: bool,
    waiting: bool,
    decide: tuple[str, str] | None,
    accept_smaller: str | None,
    shows_given: bool,
    receipt: str | None,
    witness_key: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Keep what this agency holds, and answer the hub for it.

    Reads the agency's files as they appear and change, gets the children's identifiers through
    the hub, registers which records are held, and answers what the hub asks. It only calls
    outward. Ctrl-C ends it; killed at any moment, it goes on where it was.
    """
    console = Console(stderr=True, highlight=False, quiet=quiet)

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    try:
        config = read_config(config_file)
        if waiting or decide or accept_smaller:
            _desk(Store(config.state), waiting, decide, accept_smaller, as_json)
            return
        if shows_given or receipt or witness_key:
            _ledger(config, receipt, as_json, is_key=witness_key)
            return
        node = Node(config, say)
        if once:
            _once(node, as_json)
            return
        say(f"Custodian node of {config.client_id} at {config.hub_url}. Ctrl-C ends it.")
        with stop_on_interrupt(lambda _: node.stop()):
            node.run()
    except (ConfigError, StoreError) as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps(node.status().as_dict()))


def _once(node: Node, as_json: bool) -> None:
    away = False
    try:
        node.once()
    except (HubAway, Refused) as error:
        click.echo(f"Error: {error}", err=True)
        away = True
    status = node.status()
    if status.ledger_contradictions:
        click.echo("Error: the hub's ledger contradicts itself: see --given.", err=True)
    if as_json:
        click.echo(json.dumps(status.as_dict()))
    else:
        click.echo(node.summary(), err=True)
    if away or status.tables_away:
        raise SystemExit(3)
    if status.refused_files or status.ledger_contradictions:
        raise SystemExit(1)


def _desk(
    store: Store,
    waiting: bool,
    decide: tuple[str, str] | None,
    accept: str | None,
    as_json: bool,
) -> None:
    """What a person at the agency does."""
    if accept:
        if not accept_smaller(store, accept):
            raise click.UsageError(f"No file of the name {accept} was refused.")
        return
    if decide:
        number, decision = decide
        try:
            found = decide_request(store, int(number), decision, getpass.getuser())
        except ValueError as error:
            raise click.UsageError(f"--decide: {error}") from error
        if not found:
            raise click.UsageError(f"There is no request {number}: --waiting lists them.")
        return
    rows = [dict(row) for row in waiting_requests(store)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    table = Table("number", "asked at", "who asks", "why", "record")
    for row in rows:
        table.add_row(
            str(row["number"]), row["asked_at"][:16].replace("T", " "), row["searcher_name"],
            f"{row['purpose']}: {row['reason']}".strip(": "),
            f"{row['record_type']} {row['record_id']}",
        )  # fmt: skip
    Console(file=sys.stdout).print(table)


def _ledger(config: Config, receipt: str | None, as_json: bool, *, is_key: bool) -> None:
    """What the node knows of the hub's ledger."""
    store = Store(config.state)
    if is_key:
        if config.witness is None:
            raise click.UsageError("There is no [witness] in the configuration.")
        click.echo(signer(config.witness, store).verifier.text())
        return
    if receipt:
        found = receipt_of(store, receipt)
        if found is None:
            raise click.UsageError(f"There is no receipt of {receipt}: --given lists them.")
        click.echo(found)
        return
    rows, wrong = given(store), evidence(store)
    if as_json:
        click.echo(json.dumps({"given": rows, "contradictions": wrong}))
    else:
        _show_given(rows)
        for one in wrong:
            click.echo(f"Contradiction at {one['at']}: {one['why']}.", err=True)
        if wrong:
            click.echo(f"The evidence: {store.folder / EVIDENCE}", err=True)
    if wrong:
        raise SystemExit(1)


def _show_given(rows: list[dict[str, Any]]) -> None:
    table = Table("when", "to whom", "why", "what", "receipt", "ledger entry")
    for row in rows:
        what = "that records are held"
        if row["act"] == "record.fetch":
            what = f"{', '.join(row['recordTypes'])} {row['record']}".strip()
        table.add_row(
            row["at"][:16].replace("T", " "), row["name"], row["purpose"], what, row["receipt"],
            row["entry"],
        )  # fmt: skip
    Console(file=sys.stdout).print(table)
