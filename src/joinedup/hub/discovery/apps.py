"""Django's name for this capability."""

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "joinedup.hub.discovery"
    label = "discovery"
    default_auto_field = "django.db.models.BigAutoField"
