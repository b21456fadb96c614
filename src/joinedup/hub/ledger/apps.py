"""Django's name for this capability."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "joinedup.hub.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
