"""``joinedup worker``: the hub's long-running part."""

import json
import os

import click

from joinedup.database import DatabaseUnavailable, database_url


@click.command(
    "worker",
    epilog="Settings come from the environment; docs/ledger.md and docs/api.md list them. "
    "Exit status: 0 done, 1 a job failed (--once), 2 wrong usage, 3 the database did not answer.",
)
@click.option("--once", is_flag=True, help="Run every job once, now, and end.")
@click.option("--list", "listed", is_flag=True, help="Show the jobs and when they run (UTC).")
@click.option("--json", "as_json", is_flag=True, help="With --once or --list: JSON on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and the log.")
def command(once: bool, listed: bool, as_json: bool, quiet: bool) -> None:
    """Do what the hub has to do every minute and every night.

    \b
    Every minute:  new entries get their places in the ledger, a checkpoint is
                   signed and shown to the witnesses (JOINEDUP_LEDGER_WITNESSES).
    Every night:   the whole ledger is verified; links are rebuilt from their
                   events and compared; details that are due are forgotten.

    Run one beside the hub; a second takes over when the first ends, and no job runs twice. Without
    a worker the hub answers and records as always, but no receipt can be given and nobody has
    signed for the newest entries. Brings the hub's tables up to date first. Ctrl-C ends it when
    the jobs that are running are done.
    """
    from django.db import Error as DatabaseFailure

    from joinedup.hub.environment import SettingError
    from joinedup.hub.serve import NotServing, prepare

    try:
        os.environ["DATABASE_URL"] = database_url()
        prepare()
        from joinedup.hub import worker
        from joinedup.hub.ledger import keys, witnesses

        keys.keys(), keys.signer()
        set_witnesses = len(witnesses.others()) + len(witnesses.nodes())
    except (NotServing, SettingError) as error:
        raise click.UsageError(str(error)) from None
    except (DatabaseUnavailable, DatabaseFailure) as error:
        said = str(error) if isinstance(error, DatabaseUnavailable) else "is it running?"
        click.echo(f"Error: the database did not answer ({said}).", err=True)
        raise SystemExit(3) from None
    if listed:
        _show(worker.jobs(), as_json)
        return
    if set_witnesses < witnesses.ENOUGH and not quiet:
        click.echo(
            f"{set_witnesses} of {witnesses.ENOUGH} witnesses are set (JOINEDUP_LEDGER_WITNESSES): "
            "who holds this machine could still rewrite the ledger.",
            err=True,
        )
    if once:
        failed = worker.run_once()
        if as_json:
            ran = [each.name for each in worker.jobs()]
            click.echo(json.dumps({"command": "worker", "jobs": ran, "failed": failed}))
        for name, why in failed.items():
            click.echo(f"{name} failed ({why}); see the log.", err=True)
        raise SystemExit(1 if failed else 0)
    if not quiet:
        click.echo("The worker is running. Ctrl-C ends it.", err=True)
    worker.run()


def _show(jobs: list, as_json: bool) -> None:  # type: ignore[type-arg]
    if as_json:
        told = [{"job": each.name, "cron": each.cron, "does": each.words} for each in jobs]
        click.echo(json.dumps({"command": "worker", "jobs": told}))
        return
    for each in jobs:
        click.echo(f"{each.cron:<14} {each.name:<36} {each.words}")


if __name__ == "__main__":
    command()
