"""Django's name for this capability."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AgreementsConfig(AppConfig):
    name = "joinedup.hub.agreements"
    label = "agreements"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what two people may change, and keep the policy of this edition."""
        from joinedup.hub.agreements import changes  # noqa: F401 - registers its handlers
        from joinedup.hub.agreements.forms import FORMS
        from joinedup.hub.organisations.forms import FORMS as PROPOSED

        PROPOSED.update(FORMS)
        post_migrate.connect(_after_migrate, sender=self)


def _after_migrate(**_: Any) -> None:
    from joinedup.hub.agreements.publishing import begin

    begin()
