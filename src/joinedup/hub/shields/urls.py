"""Addresses of the shield pages."""

from django.urls import path

from joinedup.hub.shields import views

urlpatterns = [
    path("shields", views.queue, name="shields"),
    path("shields/ask", views.ask, name="shield-ask"),
    path("shields/alerts", views.alerts, name="shield-alerts"),
    path("shields/keep-apart", views.keep_apart, name="shield-apart"),
    path("shields/changes/<uuid:change_id>", views.decide, name="shield-change"),
    path("shields/open", views.open_shield, name="shield-open"),
    path("shields/open/<uuid:opened_id>", views.look, name="shield-look"),
    path("shields/contact", views.contact, name="shield-contact"),
    path("shields/contacts", views.contacts, name="shield-contacts"),
    path("shields/<uuid:shield_id>", views.show, name="shield"),
]
