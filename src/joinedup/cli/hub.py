"""``joinedup hub``: serve the hub's pages and API."""

import os

import click

from joinedup.database import DatabaseUnavailable
from joinedup.hub.environment import DEFAULT_PORT, text
from joinedup.hub.serve import NotServing, serve


@click.command(
    epilog="Settings come from the environment; docs/api.md lists them. "
    "Exit status: 2 wrong usage, 3 the database did not answer."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer; about one for each core.",
)
@click.option(
    "--pds-url",
    metavar="URL",
    help="The source of truth, instead of JOINEDUP_PDS_URL.",
)
@click.option(
    "--pds-tps",
    type=click.FloatRange(min=0),
    metavar="N",
    help="Calls a second allowed at the source of truth, 0 for no limit (5 if not given).",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and the log.")
def command(
    port: int, host: str, workers: int, pds_url: str | None, pds_tps: float | None, quiet: bool
) -> None:
    """Serve the hub: sign-in, pages and the API.

    Brings its tables up to date first. Ctrl-C ends it.
    """
    if pds_url:
        os.environ["JOINEDUP_PDS_URL"] = pds_url
    if pds_tps is not None:
        os.environ["JOINEDUP_PDS_TPS"] = str(pds_tps)
    if not quiet:
        click.echo(
            f"The hub is starting at {text('HUB_URL', f'http://localhost:{port}')}", err=True
        )
        if not text("PDS_URL"):
            click.echo(
                "No source of truth is set (--pds-url or JOINEDUP_PDS_URL): "
                "every lookup will be Unavailable.",
                err=True,
            )
        if not text("OIDC_ISSUER"):
            click.echo("No sign-in provider is set (JOINEDUP_OIDC_ISSUER): API only.", err=True)
        click.echo("Ctrl-C ends it.", err=True)
    try:
        serve(port, workers, host)
    except NotServing as error:
        raise click.UsageError(str(error)) from error
    except DatabaseUnavailable as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(3) from error


if __name__ == "__main__":
    command()
