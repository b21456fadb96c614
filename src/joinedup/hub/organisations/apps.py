"""Django's name for this capability."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "joinedup.hub.organisations"
    label = "organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register how its changes are applied."""
        from joinedup.hub.organisations import changes  # noqa: F401
