"""Django's name for this capability."""

from django.apps import AppConfig


class SealingConfig(AppConfig):
    name = "joinedup.hub.sealing"
    label = "sealing"
    default_auto_field = "django.db.models.BigAutoField"
