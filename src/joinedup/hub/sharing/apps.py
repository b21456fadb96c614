"""Django's name for this capability."""

from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "joinedup.hub.sharing"
    label = "sharing"
    default_auto_field = "django.db.models.BigAutoField"
