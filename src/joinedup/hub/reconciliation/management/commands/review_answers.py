"""`review_answers`: what has come of the rows of files that waited for a person."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.reconciliation.matched import write_answers


class Command(BaseCommand):
    """Writes the answers for an organisation's files."""

    help = "Write what has come of the rows that waited as review cases, with the numbers found."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the command's arguments."""
        parser.add_argument("output", type=Path, metavar="OUT.csv")
        parser.add_argument("--organisation", required=True, metavar="ODS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        organisation = Organisation.objects.filter(ods_code=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']} here.")
        found = write_answers(options["output"], organisation)
        self.stdout.write(f"{found} rows have a number now: {options['output']}")
