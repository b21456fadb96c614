"""``joinedup manage``: organisations, machine clients and proposed changes, from the command line.

Whoever has this machine is not two people. What is asked for here waits until one administrator
has put it forward in the browser and another has approved it. Only stopping works at once.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from joinedup.database import DatabaseUnavailable
from joinedup.hub.environment import SettingError

_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_why = click.option("--why", required=True, help="Why: both people read it, and it is recorded.")


def _with_hub(command: Callable[..., None]) -> Callable[..., None]:
    """Bring the hub's tables up first; say plainly what cannot be done."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        from django.db import OperationalError

        from joinedup.hub.serve import NotServing, prepare

        try:
            prepare()
        except (SettingError, NotServing) as error:
            raise click.UsageError(str(error)) from error
        except (OperationalError, DatabaseUnavailable) as error:
            click.echo("Error: the database did not answer. Check DATABASE_URL.", err=True)
            raise SystemExit(3) from error
        from joinedup.hub.approvals.changes import CannotBeDone
        from joinedup.hub.ledger.writing import NotRecorded
        from joinedup.hub.organisations.bootstrapping import NotNow

        try:
            command(*args, **kwargs)
        except (CannotBeDone, NotNow) as refusal:
            click.echo(f"Error: {refusal}", err=True)
            raise SystemExit(1) from refusal
        except (OperationalError, NotRecorded) as failure:
            click.echo("Error: it could not be recorded, so nothing was done.", err=True)
            raise SystemExit(3) from failure

    return run


@click.group(
    epilog="Exit status: 0 done, 1 it cannot be done as asked, 2 wrong usage, "
    "3 the database did not answer."
)
def command() -> None:
    """Look after organisations, machine clients and who may administer them."""


@command.command()
@click.option("--organisation", "ods_code", required=True, metavar="CODE", help="Its ODS code.")
@click.option("--name", required=True, help="The name of the organisation that runs the hub.")
@click.option("--kind", default="supplier", show_default=True, help="What it does.")
@click.option(
    "--administrator",
    "people",
    nargs=2,
    multiple=True,
    required=True,
    metavar="ISSUER SUBJECT",
    help="A person as the sign-in provider knows them; give it twice.",
)
@_with_hub
def bootstrap(ods_code: str, name: str, kind: str, people: tuple[tuple[str, str], ...]) -> None:
    """Make the first two administrators of a hub that has none."""
    from joinedup.hub.organisations.bootstrapping import Named
    from joinedup.hub.organisations.bootstrapping import bootstrap as begin

    made = begin(ods_code, name, kind, [Named(*person) for person in people])
    click.echo(f"{made.name} runs this hub. Its two administrators can sign in now.")


@command.command("after-restore")
@_json
@_with_hub
def after_restore(as_json: bool) -> None:
    """After restoring a backup: apply purges and shields again, and check the ledger.

    The hub does the same when it starts. Exit status 1 when the ledger is shorter than, or not,
    what a witness has seen.
    """
    from joinedup.hub.retention import kept, restoring

    try:
        done = restoring.before_serving()
    except (restoring.RolledBack, kept.KeptDamaged) as fault:
        click.echo(f"Error: {fault}", err=True)
        raise SystemExit(1) from fault
    found = {"purges": done.purges, "shields": done.shields, "entries": done.entries}
    if as_json:
        click.echo(json.dumps({"command": "manage after-restore", **found}))
    else:
        click.echo(
            f"{done.purges} purges and {done.shields} things that happened to shields were "
            f"applied again. The ledger has {done.entries:,} entries, as witnesses have seen.",
            err=True,
        )


@command.group()
def organisations() -> None:
    """Organisations: list, open, close."""


@organisations.command("list")
@_json
@_with_hub
def list_organisations(as_json: bool) -> None:
    """Every organisation, with its dates."""
    from joinedup.hub.organisations.models import Organisation

    found = Organisation.objects.values(
        "ods_code", "name", "kind", "legal_class", "valid_from", "valid_to", "runs_hub"
    )
    _print(found, as_json)


@organisations.command("open")
@click.option("--code", "ods_code", required=True, help="ODS code.")
@click.option("--name", required=True)
@click.option("--kind", "kind_of_work", required=True, help="For example childrens-services.")
@click.option("--legal-class", required=True, help="s11, s16E, contractor or other.")
@click.option("--evidence", required=True, help="Where the legal class is shown.")
@click.option("--principal", default="", help="For a contractor: whose functions it carries out.")
@click.option("--from", "valid_from", required=True, metavar="DAY")
@click.option("--to", "valid_to", metavar="DAY")
@click.option("--resembles", default="", help="Codes of organisations with a name like it.")
@_why
@_with_hub
def open_organisation(why: str, **what: Any) -> None:
    """Ask for an organisation to be opened."""
    _draft("organisation.open", what, why)


@organisations.command("close")
@click.argument("ods_code")
@click.option("--last-day", required=True, metavar="DAY")
@_why
@_with_hub
def close_organisation(why: str, **what: Any) -> None:
    """Ask for an organisation to be closed."""
    _draft("organisation.close", what, why)


@command.group()
def clients() -> None:
    """Machine clients: list, add, rotate, fetch-keys, revoke, let-in."""


@clients.command("list")
@_json
@_with_hub
def list_clients(as_json: bool) -> None:
    """Every machine client, with its scopes and its end."""
    from joinedup.hub.organisations.models import MachineClient

    found = MachineClient.objects.values(
        "client_id", "organisation__ods_code", "scopes", "expires_at", "revoked_at", "jwks_uri"
    )
    _print(found, as_json)


@clients.command("add")
@click.argument("client_id")
@click.option("--organisation", required=True, metavar="CODE")
@click.option("--name", required=True)
@click.option("--scope", "scopes", multiple=True, required=True)
@click.option("--purpose", required=True, help="Why this system asks.")
@click.option("--requests-per-minute", default=600, show_default=True)
@click.option("--expires-on", required=True, metavar="DAY")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A JWK.")
@click.option("--jwks-uri", default="", help="Where its keys are published.")
@_why
@_with_hub
def add_client(why: str, key: Path | None, **what: Any) -> None:
    """Ask for a machine client to be added."""
    _draft("client.open", {**what, "key": _jwk(key)}, why)


@clients.command("rotate")
@click.argument("client_id")
@click.option(
    "--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="The new public key, as a JWK with a kid of its own.",
)  # fmt: skip
@click.option("--expires-on", required=True, metavar="DAY")
@click.option("--older-end-on", metavar="DAY", help="When its other keys end.")
@_why
@_with_hub
def rotate(why: str, key: Path, **what: Any) -> None:
    """Ask for a new key beside the old ones."""
    _draft("client.key", {**what, "key": _jwk(key)}, why)


@clients.command("fetch-keys")
@_with_hub
def fetch_keys() -> None:
    """Read the keys of every client that publishes them now; the worker does it every six hours."""
    from joinedup.hub.organisations.jwks import fetch_all

    failed = fetch_all("command line")
    for client, fault in failed.items():
        click.echo(f"{client}: {fault} The keys known stay as they are.", err=True)
    if failed:
        raise SystemExit(3)


@clients.command("revoke")
@click.argument("client_id")
@click.option("--kid", help="That key alone.")
@_why
@_with_hub
def revoke(client_id: str, kid: str | None, why: str) -> None:
    """Stop a client, or one of its keys, at once."""
    from joinedup.hub.organisations.models import ClientKey, MachineClient
    from joinedup.hub.organisations.stopping import revoke_client, revoke_key

    client = MachineClient.objects.filter(client_id=client_id).first()
    key = ClientKey.objects.filter(client__client_id=client_id, kid=kid).first() if kid else None
    if client is None or (kid and key is None):
        raise click.UsageError("There is no such client or key. See: joinedup manage clients list")
    if key is not None:
        revoke_key(key, None, why)
    else:
        revoke_client(client, None, why)
    click.echo("Stopped: it takes effect on the next request.")


@clients.command("let-in")
@click.argument("client_id")
@click.option("--kid", help="That key alone.")
@_why
@_with_hub
def let_in_client(client_id: str, kid: str | None, why: str) -> None:
    """Ask for a stopped client, or one of its keys, to be let in again."""
    if kid:
        _draft("client.key.let-in", {"client_id": client_id, "kid": kid}, why)
    else:
        _draft("client.let-in", {"client_id": client_id}, why)


@command.group()
def people() -> None:
    """People who were stopped: list, let-in."""


@people.command("list")
@_json
@_with_hub
def list_people(as_json: bool) -> None:
    """Everybody who is stopped, with their id."""
    from joinedup.hub.organisations.models import Person

    found = Person.objects.exclude(blocked_at=None).order_by("name")
    _print(found.values("id", "name", "blocked_at"), as_json)


@people.command("let-in")
@click.argument("person", type=click.UUID)
@_why
@_with_hub
def let_in_person(person: uuid.UUID, why: str) -> None:
    """Ask for a stopped person to be let in again."""
    _draft("person.let-in", {"person": str(person)}, why)


@command.command("changes")
@_json
@_with_hub
def list_changes(as_json: bool) -> None:
    """Changes that were proposed, newest first, with what came of them."""
    from joinedup.hub.approvals.models import ProposedChange

    found = ProposedChange.objects.values(
        "id", "kind", "status", "why", "proposed_at", "proposed_by__person__name",
        "decided_at", "decided_by__person__name",
    )  # fmt: skip
    _print(found[:200], as_json)


@command.command("prepare")
@_with_hub
def prepare_database() -> None:
    """Bring tables, roles and rights up to date: as the tables' owner, before a hub that is not.

    DATABASE_URL names the owner's account here, and the hub's own where the hub is served.
    """
    click.echo("Tables, roles and rights are up to date.", err=True)


@command.command("rotate-keys")
@_json
@_with_hub
def rotate_keys(as_json: bool) -> None:
    """Make a new data key, and seal everything again under it.

    To change the wrapping key as well: give the new one in JOINEDUP_SEALING_KEY_FILE and the old
    one in JOINEDUP_SEALING_OLD_KEY_FILE, restart the hub and the worker, run this, then take the
    old one away. Retired data keys are destroyed by a run a day or more later. Safe to run again.
    """
    from dataclasses import asdict

    from joinedup.hub.sealing.rotating import rotate

    done = rotate(told=lambda rows: click.echo(f"{rows} rows sealed again", err=True))
    if as_json:
        click.echo(json.dumps({"command": "manage rotate-keys", **asdict(done)}))
    else:
        click.echo(
            f"{done.sealed} rows sealed again, {done.wrapped} older keys wrapped anew, "
            f"{done.destroyed} destroyed.",
            err=True,
        )


def _pass_on(name: str, words: str) -> None:
    """Offer one of the hub's own commands here, with its own options and ``--help``."""

    @command.command(
        name.replace("_", "-"),
        help=words,
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @_with_hub
    def run(arguments: tuple[str, ...]) -> None:
        from django.core.management import get_commands, load_command_class
        from django.core.management.base import CommandError

        found: Any = load_command_class(str(get_commands()[name]), name)
        found._called_from_command_line = True  # wrong usage ends with its usage line, and 2
        try:
            parser = found.create_parser("joinedup manage", name.replace("_", "-"))
            options = vars(parser.parse_args(arguments))
            found.execute(*options.pop("args", ()), **options)
        except CommandError as fault:
            click.echo(f"Error: {fault}", err=True)
            raise SystemExit(1) from fault


_pass_on("open_review_cases", "Put what linking or matching left for a person onto a page.")
_pass_on("review_answers", "Write what has come of the rows of files that waited for a person.")
_pass_on("load_staff", "Load what is near to staff, so that looks at their own family are seen.")
_pass_on("export_sealed", "Write the pairs that are never to be joined, for `joinedup link`.")


def _draft(kind: str, what: dict[str, Any], why: str) -> None:
    from joinedup.hub.approvals.changes import draft

    values = {
        name: list(value) if isinstance(value, tuple) else value for name, value in what.items()
    }
    change = draft(kind, values, why)
    click.echo(
        f"Change {change.id} waits. One administrator puts it forward in the browser, under "
        "Administration; another approves it."
    )


def _jwk(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise click.UsageError(f"{path.name} is not JSON. Give a public key as a JWK.") from error


def _print(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    listed = [dict(row) for row in rows]
    if as_json:
        click.echo(json.dumps(listed, default=str, indent=2))
        return
    for row in listed:
        click.echo("  ".join(str(value) for value in row.values() if value not in (None, "")))


if __name__ == "__main__":
    command()
