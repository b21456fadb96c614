"""The command line: thin, one module a command."""

import importlib

import click

from joinedup import __version__

# Commands load when they are asked for: `joinedup --help` stays quick.
COMMANDS = {
    "demo": "Build and run the whole region on this machine",
    "match": "Find the NHS number of every child in a file",
    "reconcile": "Compare what is held about every child in a file with the source of truth",
    "train": "Learn the linking model's weights from agency files",
    "link": "Find which records of which agencies are one child",
    "explain": "Say why two records are, or are not, one child",
    "check": "Say what is wrong in an agency's file, row by row",
    "evaluate": "Compare search strategies, or links, with known truth",
    "simulate": "Make a region of invented people",
    "pds-emulator": "Serve an emulated NHS Personal Demographics Service",
    "hub": "Serve the hub's pages and API",
    "manage": "Look after organisations, machine clients and administrators",
    "custodian": "Run an agency's own node: it answers for what the agency holds",
    "conformance": "Say whether an implementation of the hub's contract is right",
    "worker": "Do the hub's work of every minute and every night",
    "ledger": "Verify the ledger, copy it, or verify a receipt",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"joinedup.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done, 1 the data has problems that are reported, 2 wrong usage, "
    "3 a dependency did not answer.",
)
@click.version_option(__version__, prog_name="joinedup")
def main() -> None:
    """One child, one number, every agency that can help.

    Start with `joinedup demo` to see it all run on invented people, or
    `joinedup match children.csv` to find NHS numbers for a file.
    """
