"""Django's name for this capability."""

from django.apps import AppConfig


class WatchingConfig(AppConfig):
    name = "joinedup.hub.watching"
    label = "watching"
    default_auto_field = "django.db.models.BigAutoField"
