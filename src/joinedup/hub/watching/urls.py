"""Addresses of who looked, and of the reviewer's queue."""

from django.urls import path

from joinedup.hub.watching import looked_views, views

urlpatterns = [
    path("looked", looked_views.ask, name="looked"),
    path("looked/<uuid:entry_id>/hold", looked_views.hold, name="looked-hold"),
    path("watching", views.queue, name="watching"),
    path("watching/<uuid:alert_id>", views.show, name="watching-alert"),
]
