"""Addresses of the archive."""

from django.urls import path

from joinedup.hub.retention import views

urlpatterns = [
    path("archive", views.ask, name="archive"),
    path("archive/<uuid:change_id>", views.show, name="archived"),
]
