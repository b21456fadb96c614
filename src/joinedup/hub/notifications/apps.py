"""Django's name for this capability."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "joinedup.hub.notifications"
    label = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
