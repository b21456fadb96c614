"""`open_review_cases`: put what linking left for a person onto an organisation's page."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from joinedup.hub.organisations.models import Organisation
from joinedup.hub.reconciliation import cases, links
from joinedup.hub.reconciliation.conflicts import (
    CannotLoad,
    Found,
    of_identities,
    open_cases,
    read_conflicts,
)
from joinedup.hub.reconciliation.matched import open_from_matched
from joinedup.identities.files import read_records
from joinedup.identities.store import Gone
from joinedup.linkage.constraints import Ref
from joinedup.linkage.prepare import rows
from joinedup.standards.columns import TableError


class Command(BaseCommand):
    """Opens cases from a linking run, or from the questions that are open among identities."""

    help = (
        "Open review cases for an organisation: from CONFLICTS (conflicts.parquet of `joinedup "
        "link`) or --matched (what `joinedup match` wrote), or without these from the questions "
        "that are open among identities. Details of cases decided long enough ago are forgotten."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the command's arguments."""
        parser.add_argument("conflicts", nargs="?", type=Path, metavar="CONFLICTS")
        parser.add_argument("--organisation", required=True, metavar="ODS")
        parser.add_argument("--matched", type=Path, metavar="FILE")
        parser.add_argument(
            "--records", nargs="+", type=Path, default=[], metavar="FILE",
            help="The files that were linked: the conflicts' records are taken in from them.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Open the cases."""
        organisation = Organisation.objects.filter(ods_code=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']} here.")
        try:
            if options["matched"]:
                opened, known = open_from_matched(options["matched"], organisation)
            else:
                found = self._found(options["conflicts"], options["records"])
                opened, known = open_cases(found, organisation)
        except (CannotLoad, TableError, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        forgotten = cases.forget(timezone.now())
        self.stdout.write(
            f"{opened} cases opened, {known} were there already. Details of {forgotten} decided "
            "cases forgotten."
        )

    def _found(self, conflicts: Path | None, files: list[Path]) -> list[Found]:
        identities = links.current().identities
        if conflicts is None:
            return of_identities(identities.conflicts(limit=10_000))
        found = read_conflicts(conflicts)
        gone: set[Ref] = set()
        named = {ref for *_, refs in found for ref in refs}
        for record in rows(read_records(files).table):
            if record[:2] in named:
                try:
                    identities.add(record)
                except Gone:  # purged for good: it is no case either
                    gone.add(Ref(*record[:2]))
        return [each for each in found if gone.isdisjoint(each[3])]
