"""Django's name for this capability."""

from django.apps import AppConfig


class SubjectAccessConfig(AppConfig):
    name = "joinedup.hub.subject_access"
    label = "subject_access"
    default_auto_field = "django.db.models.BigAutoField"
