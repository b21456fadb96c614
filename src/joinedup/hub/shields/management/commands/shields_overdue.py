"""Note the shields whose date to be looked at again has gone by. To be run every day."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from joinedup.hub.shields.reviewing import note_overdue


class Command(BaseCommand):
    """They stay in force, and stand first in the reviewers' queue."""

    help = "Note the shields that are overdue for review."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.write(f"{note_overdue(timezone.localdate())} shields are newly overdue.")
