"""Django's name for this capability."""

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "joinedup.hub.register"
    label = "register"
    default_auto_field = "django.db.models.BigAutoField"
