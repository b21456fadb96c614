"""``joinedup conformance``: is an implementation of the hub's contract right?"""

import json
import sys
from pathlib import Path

import click
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from rich.console import Console

from joinedup.custodian.client import Credentials
from joinedup.custodian.conformance.check import Check, Report
from joinedup.custodian.conformance.custodian import CustodianChecks, Known
from joinedup.custodian.conformance.hub import SUI, HubChecks
from joinedup.custodian.conformance.stub import RunningStub, StubHub
from joinedup.custodian.http import HubAway
from joinedup.standards.schemas import RECORD_TYPES

_Named = tuple[str, Path]


@click.command(
    "conformance",
    epilog="Exit status: 0 all kept, 1 a check failed, 2 wrong usage, 3 nobody answered.",
)
@click.argument("url", required=False)
@click.option(
    "--custodian", nargs=2, type=(str, click.Path(exists=True, dir_okay=False, path_type=Path)),
    metavar="CLIENT KEY", help="Check as this custodian's client too, with its private key.",
)  # fmt: skip
@click.option(
    "--searcher", nargs=2, type=(str, click.Path(exists=True, dir_okay=False, path_type=Path)),
    metavar="CLIENT KEY", help="Check as this searcher's client too, with its private key.",
)  # fmt: skip
@click.option(
    "--serve", is_flag=True,
    help="Serve a stub hub and check the custodian that connects to it.",
)  # fmt: skip
@click.option("--port", default=8099, show_default=True, help="With --serve: its port.")
@click.option(
    "--key", "key_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --serve: the custodian's public (or private) key in PEM.",
)  # fmt: skip
@click.option("--sui", default=SUI, show_default=True, help="A child the custodian knows.")
@click.option(
    "--record-type", default="personal.details", show_default=True,
    type=click.Choice(list(RECORD_TYPES)), help="The type of the record.",
)  # fmt: skip
@click.option("--system-id", default="cms", show_default=True, help="Its system.")
@click.option("--record-id", default="C1", show_default=True, help="Its id there.")
@click.option(
    "--patience", default=20.0, show_default=True, help="With --serve: seconds for each step."
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print failed checks alone.")
def command(
    url: str | None,
    custodian: _Named | None,
    searcher: _Named | None,
    serve: bool,
    port: int,
    key_file: Path | None,
    sui: str,
    record_type: str,
    system_id: str,
    record_id: str,
    patience: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check a hub at URL, or, with --serve, the custodian that connects here.

    A hub is asked from outside; what is written is about a test number and taken back. A custodian
    must hold one record (--sui, --record-type, --system-id, --record-id) that it may share without
    asking a person.
    """
    if serve == bool(url):
        raise click.UsageError("Give the URL of a hub, or --serve to check a custodian.")
    console = Console(stderr=as_json, highlight=False)

    def tell(check: Check) -> None:
        if not (quiet and check.passed):
            mark = "pass" if check.passed else "FAIL"
            why = f"\n      {check.why}" if check.why else ""
            console.print(f"{mark}  {check.name}{why}", markup=False, soft_wrap=True)

    report = Report(tell)
    if serve:
        if key_file is None:
            raise click.UsageError("--serve needs --key, the custodian's public key.")
        came = _serve(
            port, _public(key_file), Known(sui, record_type, system_id, record_id), report,
            patience,
        )  # fmt: skip
    else:
        came = _ask(str(url), report, custodian, searcher, record_type)
    if as_json:
        checks = [one.as_dict() for one in report.checks]
        click.echo(json.dumps({"passed": report.passed, "checks": checks}))
    if not came:
        click.echo("Error: nobody answered.", err=True)
        raise SystemExit(3)
    sys.exit(0 if report.passed else 1)


def _ask(
    url: str, report: Report, custodian: _Named | None, searcher: _Named | None, kind: str
) -> bool:
    try:
        credentials = [
            Credentials.from_file(*named) if named else None for named in (custodian, searcher)
        ]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        HubChecks(
            url, report, custodian=credentials[0], searcher=credentials[1], record_type=kind
        ).run()
    except HubAway:
        return False
    return any(one.passed for one in report.checks)


def _serve(
    port: int, key: RSAKey | ECKey | OKPKey, known: Known, report: Report, patience: float
) -> bool:
    try:
        running = RunningStub(StubHub(key), port)
    except OSError as error:
        raise click.UsageError(f"Port {port} cannot be used: {error.strerror}.") from error
    with running:
        click.echo(f"A stub hub listens at {running.url}: start your custodian.", err=True)
        return CustodianChecks(running.hub, known, report, patience).run()


def _public(path: Path) -> RSAKey | ECKey | OKPKey:
    pem = path.read_bytes()
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
    raise click.UsageError(f"{path} holds no RSA, EC or Ed25519 key in PEM.")
