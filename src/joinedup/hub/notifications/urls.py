"""Addresses of the notice pages."""

from django.urls import path

from joinedup.hub.notifications import views

urlpatterns = [
    path("notices", views.notices, name="notices"),
    path("notices/settings", views.subscribe, name="notices-subscribe"),
    path("notices/quiet", views.keep_quiet, name="notices-quiet"),
]
