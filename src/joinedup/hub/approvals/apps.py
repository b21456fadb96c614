"""Django's name for this capability."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "joinedup.hub.approvals"
    label = "approvals"
    default_auto_field = "django.db.models.BigAutoField"
