"""Write the sealed pairs to a file, for `joinedup link --sealed`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from joinedup.hub.reconciliation import links
from joinedup.identities.never import write_sides


class Command(BaseCommand):
    """Writes tokens alone: without the shield key the file says nothing about anybody."""

    help = "Write the pairs that are never to be joined, sealed, for `joinedup link --sealed`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        with links.current().pool.connection() as conn:
            written = write_sides(conn, options["file"])
        self.stderr.write(f"{written} tokens written to {options['file'].name}.")
