"""Addresses under ``/administration``."""

from django.urls import path

from joinedup.hub.administration import views

urlpatterns = [
    path("", views.overview, name="administration"),
    path("/organisations", views.organisations, name="administration-organisations"),
    path("/propose/<str:kind>", views.propose_change, name="administration-propose"),
    path("/changes/<uuid:change_id>", views.show, name="administration-change"),
    path("/changes/<uuid:change_id>/decide", views.decide, name="administration-decide"),
    path("/holds/<int:hold_id>/lift", views.lift, name="administration-lift"),
    path("/stop", views.stop, name="administration-stop"),
]
