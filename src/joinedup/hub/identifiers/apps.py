"""Django's name for this capability."""

from django.apps import AppConfig


class IdentifiersConfig(AppConfig):
    name = "joinedup.hub.identifiers"
    label = "identifiers"
    default_auto_field = "django.db.models.BigAutoField"
