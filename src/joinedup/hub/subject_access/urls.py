"""Addresses of the subject access workspace."""

from django.urls import path

from joinedup.hub.subject_access import views

urlpatterns = [
    path("subject-access", views.listed, name="subject-access"),
    path("subject-access/new", views.take, name="subject-access-new"),
    path("subject-access/to-sign", views.to_sign, name="subject-access-to-sign"),
    path("subject-access/to-sign/<uuid:item_id>", views.sign, name="subject-access-sign"),
    path("subject-access/complain", views.complain, name="subject-access-complain"),
    path(
        "subject-access/complaints/<uuid:complaint_id>",
        views.complaint,
        name="subject-access-complaint",
    ),
    path("subject-access/items/<uuid:item_id>", views.mark, name="subject-access-item"),
    path("subject-access/<uuid:request_id>", views.show, name="subject-request"),
    path("subject-access/<uuid:request_id>/add", views.add, name="subject-access-add"),
    path("subject-access/<uuid:request_id>/answer", views.answer, name="subject-access-answer"),
]
