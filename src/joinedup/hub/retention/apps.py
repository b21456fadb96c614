"""Django's name for this capability."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "joinedup.hub.retention"
    label = "retention"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register how its changes are applied."""
        from joinedup.hub.retention import changes  # noqa: F401
