"""Django's name for this capability."""

from django.apps import AppConfig


class LimitsConfig(AppConfig):
    name = "joinedup.hub.limits"
    label = "limits"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register how a hold is lifted."""
        from joinedup.hub.limits import lifting  # noqa: F401
