"""``joinedup pds-emulator``: serve an emulated PDS on this machine."""

import json
import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from joinedup.database import DatabaseUnavailable, state_dir
from joinedup.pds.emulator.clients import (
    ClientError,
    MadeClient,
    make_client,
    open_client,
    read_clients,
)
from joinedup.pds.emulator.faults import Fault, FaultError
from joinedup.pds.emulator.prepare import PeopleFileError, prepare
from joinedup.pds.emulator.prepare import Progress as Report
from joinedup.pds.emulator.serve import DEFAULT_TPS, Emulator, ListenError

_CLIENT_KEY = Path("pds-emulator") / "client-private-key.pem"


@click.command(epilog="See docs/pds-emulator.md for the people file, faults and known differences.")
@click.option(
    "--people",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="NDJSON file, one FHIR Patient a line. Default: the demo's invented region.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--tps",
    type=click.FloatRange(min=0),
    default=DEFAULT_TPS,
    show_default=True,
    help="Requests a second allowed to each application; 0 for no limit.",
)
@click.option("--no-auth", is_flag=True, help="Ask for no access token.")
@click.option(
    "--client",
    "registrations",
    multiple=True,
    metavar="API-KEY:KEY-ID:FILE",
    help="Register a client by its public key (PEM), or API-KEY:FILE for a JSON Web Key Set.",
)
@click.option(
    "--make-client",
    "new_key",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Make a client: write a new private key to FILE and register it.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[:NAME=VALUE,...]",
    help="Fail on purpose, such as 429:share=0.2,retry_after=3 or slow:seconds=2.",
)
@click.option("--allow-faults", is_flag=True, help="Open POST /__emulator/faults.")
@click.option("--access-log", is_flag=True, help="Log each request's kind and outcome.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the address and variables as JSON on stdout."
)
def command(
    people: Path | None,
    host: str,
    port: int,
    tps: float,
    no_auth: bool,
    registrations: tuple[str, ...],
    new_key: Path | None,
    faults: tuple[str, ...],
    allow_faults: bool,
    access_log: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Serve an emulated NHS Personal Demographics Service.

    It speaks the PDS FHIR API at /personal-demographics/FHIR/R4 with the token endpoint at
    /oauth2/token, its rate limit and its refusals, over invented people. Ctrl-C ends it.
    """
    console = Console(stderr=True, quiet=quiet)
    if access_log:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
        logging.getLogger("joinedup.pds.emulator.access").setLevel(logging.INFO)
    try:
        client = _client(no_auth, registrations, new_key)
        file = people or _demo_people(console)
        with _progress(console) as report:
            prepare(file, report)
        emulator = Emulator(
            file,
            tps=tps,
            auth=not no_auth,
            host=host,
            port=port,
            faults=[Fault.parse(fault) for fault in faults],
            allow_faults=allow_faults,
            clients=read_clients(registrations),
            client=client,
        )
    except (ClientError, FaultError, PeopleFileError, ListenError) as error:
        raise click.UsageError(str(error)) from error
    except DatabaseUnavailable as error:  # no state folder to keep the client's key in
        raise click.UsageError(
            f"{error} Or give a client with --client or --make-client."
        ) from error
    _announce(emulator, console, as_json=as_json)
    with suppress(KeyboardInterrupt):  # how the server passes Ctrl-C on when it has closed
        emulator.serve()
    console.print("The PDS emulator has ended.")


def _client(
    no_auth: bool, registrations: tuple[str, ...], new_key: Path | None
) -> MadeClient | None:
    """The client to make, if any: an emulator that nobody may use helps nobody."""
    if new_key is not None:
        return make_client(new_key)
    if no_auth or registrations:
        return None
    return open_client(state_dir() / _CLIENT_KEY)


def _demo_people(console: Console) -> Path:
    # Only this way of running needs the simulator, and loading it takes a moment.
    from joinedup.simulate import demo_people

    console.print("No --people given: using the demo's invented region.")
    return demo_people() / "pds.ndjson"


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    bar = Progress(
        TextColumn("Preparing people"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task("people", total=None)

    def report(done: int, total: int) -> None:
        bar.start()  # only when there is something to prepare
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        bar.stop()


def _announce(emulator: Emulator, console: Console, *, as_json: bool) -> None:
    variables = emulator.environment
    if as_json:
        summary = {"url": emulator.url, "people": emulator.engine.people, "environment": variables}
        click.echo(json.dumps(summary))
    console.print(f"PDS emulator with {emulator.engine.people:,} people at {emulator.url}")
    console.print("To use it, set:")
    for name, value in variables.items():
        console.print(f"  export {name}={shlex.quote(value)}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C ends it.")
