"""Django's name for this capability."""

from django.apps import AppConfig


class RightsConfig(AppConfig):
    name = "joinedup.hub.rights"
    label = "rights"

    def ready(self) -> None:
        """Have every new connection of a request narrowed."""
        from joinedup.hub.rights import acting  # noqa: F401
