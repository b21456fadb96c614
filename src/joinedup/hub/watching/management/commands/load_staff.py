"""`load_staff`: what staff said is near to them, so that looks at their own family are seen."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from joinedup.hub.ledger.writing import record
from joinedup.hub.organisations.models import Membership, Organisation
from joinedup.hub.watching.models import Mark, MarkKind
from joinedup.hub.watching.near import token
from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics
from joinedup.people.nhs_number import is_plain_nhs_number

COLUMNS = "subject, postcode, address, children"


class Command(BaseCommand):
    """Takes an organisation's list, in place of the one before."""

    help = (
        "Load what an organisation's staff said is near to them. CSV with a header: subject, as "
        "the sign-in provider has it; postcode; address; children, as NHS numbers with spaces "
        "between. Only keyed tokens are kept; delete the file afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the command's arguments."""
        parser.add_argument("file", type=Path, metavar="STAFF.csv")
        parser.add_argument("--organisation", required=True, metavar="ODS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the whole file before anything is changed."""
        organisation = Organisation.objects.filter(ods_code=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']} here.")
        people = {
            each.person.subject: each.person_id
            for each in Membership.objects.filter(organisation=organisation).select_related(
                "person"
            )
        }
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"The file cannot be read: {error}.") from error
        if rows and "subject" not in rows[0]:
            raise CommandError(f"The file needs a header with these columns: {COLUMNS}.")
        marks, faults = [], []
        for number, row in enumerate(rows, 2):
            person = people.get((row["subject"] or "").strip())
            found, fault = _tokens(row)
            if person is None:
                fault = "nobody here has this subject; they sign in once before they are listed"
            else:
                marks += [
                    Mark(person_id=person, organisation=organisation, kind=kind, token=each)
                    for kind, each in found
                ]
            if fault:
                faults.append(f"row {number}: {fault}")
        if faults:
            raise CommandError(f"Nothing was changed. {'; '.join(faults[:20])}.")
        with transaction.atomic():
            Mark.objects.filter(organisation=organisation).delete()
            Mark.objects.bulk_create(marks, ignore_conflicts=True)
            record(
                action="watching.load-staff", client="command line", results=len(marks),
                organisation=organisation.ods_code,
            )  # fmt: skip
        self.stdout.write(f"{len(rows)} people, {len(marks)} marks. Delete the file now.")


def _tokens(row: dict[str, Any]) -> tuple[list[tuple[str, bytes]], str]:
    """Give the tokens of a row, as children's are compared, and what is wrong with it."""
    postcode, address = (row.get("postcode") or "").strip(), (row.get("address") or "").strip()
    given = {"postcode": postcode, "address_history": f"{address}, {postcode}" if address else ""}
    read = LinkRecord.of("", "", Demographics.read(given))
    if postcode and not read.postcode:
        return [], "the postcode is not one"
    found = [(MarkKind.POSTCODE.value, token(MarkKind.POSTCODE, read.postcode or ""))]
    found = found if read.postcode else []
    found += [(MarkKind.HOME.value, token(MarkKind.HOME, home)) for home in read.homes]
    for sui in (row.get("children") or "").split():
        if not is_plain_nhs_number(sui):
            return [], "children has something that is not an NHS number of ten digits"
        found.append((MarkKind.CHILD.value, token(MarkKind.CHILD, sui)))
    return found, ""
