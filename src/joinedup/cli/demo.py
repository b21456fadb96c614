"""``joinedup demo``: the whole thing on one machine, with invented people."""

import contextlib
import csv
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click
import fasteners
from rich.console import Console

from joinedup.cli.interrupt import handling
from joinedup.database import DatabaseUnavailable, database_url, state_dir

SAMPLE_ROWS = 500


def _sample(region: Path, folder: Path) -> tuple[Path, Path]:
    """The demo's file of children and the truth about it; written once."""
    from joinedup.simulate import write_demo_sample

    folder.mkdir(parents=True, exist_ok=True)
    sample = folder / "children.csv"
    truth = folder / "children.truth.csv"
    if not (sample.exists() and truth.exists()):
        write_demo_sample(region, sample, SAMPLE_ROWS)
    return sample, truth


def _match(sample: Path, environment: dict[str, str]) -> Path:
    """Run the real command on the sample, its table on stdout; gives the output's path."""
    out = sample.with_name("children_matched.csv")
    done = subprocess.run(  # noqa: S603 - this interpreter, this program
        [sys.executable, "-m", "joinedup.cli", "match", str(sample), "-o", str(out),
         "--pds-tps", "0", "--restart"],
        env={**os.environ, **environment},
        check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise click.ClickException(f"Matching the sample ended with status {done.returncode}.")
    return out


def _against_truth(out: Path, truth: Path) -> str:
    """One sentence on how the sample's numbers compare with the truth."""
    with truth.open(encoding="utf-8", newline="") as file:
        known = [row["NhsNumber"] for row in csv.DictReader(file)]
    with out.open(encoding="utf-8-sig", newline="") as file:
        given = [row["SUI_NHSNo"] for row in csv.DictReader(file)]
    right = sum(1 for number, right in zip(given, known, strict=True) if number and number == right)
    wrong = sum(1 for number, right in zip(given, known, strict=True) if number and number != right)
    findable = sum(1 for number in known if number)
    return (
        f"The truth is known here: {right} of {findable} children have their right number, "
        f"{wrong} a wrong one."
    )


@contextlib.contextmanager
def _until_told() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a request to end sets."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    with handling(tell):
        yield told


def _write(path: Path, content: dict[str, object]) -> None:
    """Write what scripts need, whole, readable by its owner alone."""
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    part.replace(path)


@click.command("demo")
@click.option(
    "--children", default=10_000, show_default=True, type=click.IntRange(min=1000),
    help="How many children live in the region.",
)  # fmt: skip
@click.option("--port", default=8000, show_default=True, help="The hub's port on this machine.")
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the database, the region and the keys. Default: your state folder.",
)  # fmt: skip
def command(children: int, port: int, state: Path | None) -> None:
    """Build (the first time) and run the whole region on this machine.

    Starts the database, a PDS emulator with invented people, a sign-in provider, the hub with its
    worker, and the nodes of six agencies with their own files; matches a file of 500 children with
    realistic mistakes; prints the addresses and whom to sign in as, and writes them with the
    machine clients to demo.json in the state folder. Nobody in it is real. Ctrl-C ends all that it
    started.
    """
    if state:
        os.environ["JOINEDUP_STATE"] = str(state.resolve())
    folder = state_dir()
    say = Console(stderr=True, highlight=False)
    began = time.monotonic()
    alone = fasteners.InterProcessLock(folder / "demo.lock")
    if not alone.acquire(blocking=False):
        raise click.ClickException(
            f"A demo runs in {folder} already. Use that one, or give this one another --state."
        )
    with _until_told() as told, contextlib.ExitStack() as stack:
        stack.callback(alone.release)
        try:
            _run(stack, told, folder, children, port, say, began)
        except DatabaseUnavailable as error:
            raise click.ClickException(str(error)) from error


def _run(
    stack: contextlib.ExitStack,
    told: threading.Event,
    folder: Path,
    children: int,
    port: int,
    say: Console,
    began: float,
) -> None:
    # These take a second to load: not before `--help` has been answered.
    from joinedup.hub.demo import (
        kept_port,
        known_children,
        seed_demo,
        seed_people,
        start_provider,
    )
    from joinedup.hub.demo.cast import PERSONAS
    from joinedup.hub.demo.custodians import (
        ledger_witnesses,
        running_command,
        running_custodians,
        write_custodians,
    )
    from joinedup.hub.demo.provider import ProviderFailed
    from joinedup.hub.serve import HOST, NotServing, check_port, running_hub
    from joinedup.pds.emulator.serve import running_emulator
    from joinedup.simulate import demo_people

    try:
        check_port(HOST, port)
        say.print("Database...")
        os.environ["DATABASE_URL"] = database_url()
        say.print(f"People: a region of {children:,} children, made the first time...")
        region = demo_people(children=children)
        say.print("PDS emulator...")
        emulator = stack.enter_context(
            running_emulator(region / "pds.ndjson", tps=0, auth=True, allow_faults=False)
        )
        hub_url = f"http://localhost:{port}"
        os.environ["JOINEDUP_HUB_URL"] = hub_url
        say.print("Sign-in provider and hub...")
        clients = seed_demo(folder)
        witnesses = ledger_witnesses(folder / "custodians")
        os.environ.setdefault("JOINEDUP_LEDGER_WITNESSES", witnesses)
        # The hub's logging came with it, for the hub's own process; here it would hide the result.
        logging.getLogger("joinedup").setLevel(logging.WARNING)
        provider = start_provider(kept_port(folder), hub_url)
        stack.callback(provider.stop)
        log = folder / "hub.log"
        # The demo's emulator has no rate limit, so neither has the hub here.
        environment = {
            **emulator.environment,
            **provider.environment,
            "JOINEDUP_PDS_TPS": "0",
        }
        stack.enter_context(running_hub(port, environment=environment, log=log))
    except (NotServing, ProviderFailed) as error:
        raise click.ClickException(str(error)) from error

    say.print(f"Matching a file of {SAMPLE_ROWS} children...")
    sample, truth = _sample(region, folder / f"demo-{children}")
    out = _match(sample, emulator.environment)
    click.echo(_against_truth(out, truth))

    say.print("Custodian nodes: their files, made the first time...")
    configs = write_custodians(
        folder / "custodians", hub_url, {one.client_id: one for one in clients}, children
    )
    stack.enter_context(running_command(["worker", "-q"], folder / "worker.log"))
    stack.enter_context(running_custodians(configs, folder / "custodians" / "logs"))

    begun = seed_people(folder, provider.url, known_children(folder / "custodians"))
    people = [one.as_dict() for one in PERSONAS]
    for one in people:
        if code := begun.reading_codes.get(one["subject"]):
            one["reading_code"] = code
    _write(
        folder / "demo.json",
        {
            "hub": hub_url,
            "sign_in": provider.url,
            "pds": {"url": emulator.url, "environment": emulator.environment},
            "region": str(region),
            "people": people,
            "children": {"caseload": begun.caseload, "shielded": begun.shielded},
            "clients": [client.as_dict() for client in clients],
            "custodians": {config.parent.name.upper(): str(config) for config in configs},
        },
    )
    click.echo("")
    click.echo(f"The page:      {hub_url}/")
    click.echo("Sign in as:")
    for one in people:
        click.echo(f"  {one['name']:<16} {one['role']}, {one['organisation']}")
    click.echo(f"Children:      {', '.join(begun.caseload[:3])}, known to several agencies")
    click.echo(f"               {begun.shielded}, shielded: found by children's services alone")
    click.echo(f"The API:       {hub_url}/api/openapi.json")
    click.echo(f"PDS emulator:  {emulator.url}")
    click.echo(
        f"Custodians:    {len(configs)} nodes, settling by themselves; what they say is in "
        f"{folder / 'custodians' / 'logs'}"
    )
    click.echo(f"For scripts:   {folder / 'demo.json'}")
    click.echo(f"Ready after {time.monotonic() - began:.0f} s. Ctrl-C ends everything.")
    told.wait()
    say.print("Ending...")
