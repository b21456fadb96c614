"""Django's name for this capability."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "joinedup.hub.pages"
    label = "pages"
    default_auto_field = "django.db.models.BigAutoField"
