"""Django's name for this capability."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "joinedup.hub.reconciliation"
    label = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"
