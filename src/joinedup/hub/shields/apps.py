"""Django's name for this capability."""

from django.apps import AppConfig


class ShieldsConfig(AppConfig):
    name = "joinedup.hub.shields"
    label = "shields"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register how its changes are applied."""
        from joinedup.hub.shields import changes  # noqa: F401
