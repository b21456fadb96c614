"""Addresses of the request pages."""

from django.urls import path

from joinedup.hub.sharing import asking_views, views

urlpatterns = [
    path("requests", views.listed, name="requests"),
    path("requests/new", asking_views.new, name="request-new"),
    path("requests/new/why", asking_views.why, name="request-why"),
    path("requests/new/child", asking_views.child, name="request-child"),
    path("requests/new/who", asking_views.who, name="request-who"),
    path("requests/new/what", asking_views.what, name="request-what"),
    path("requests/new/check", asking_views.check, name="request-check"),
    path("requests/emergency", asking_views.in_emergency, name="request-emergency"),
    path("requests/offer", views.offer_to, name="offer-to"),
    path("requests/offer/what", views.offer, name="offer"),
    path("requests/key", asking_views.reading_code, name="reading-key"),
    path("requests/report", views.reported, name="requests-report"),
    path("requests/<uuid:request_id>", views.show, name="request"),
    path("requests/<uuid:request_id>/answer", views.answer, name="request-answer"),
    path("requests/<uuid:request_id>/read", views.read, name="request-read"),
    path("requests/<uuid:request_id>/read/<int:place>/file", views.file, name="request-file"),
    path("requests/<uuid:request_id>/take-up", views.take_up, name="offer-take-up"),
    path(
        "requests/<uuid:request_id>/receipts/<uuid:entry_id>", views.proof, name="request-receipt"
    ),
]
