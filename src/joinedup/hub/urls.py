"""Every address of the hub."""

from django.urls import path

from joinedup.hub.api import match_endpoint
from joinedup.hub.api.api import api
from joinedup.hub.pages import journey, sign_in, views
from joinedup.hub.reconciliation import views as review

urlpatterns = [
    path("", views.start, name="start"),
    path("sign-in", sign_in.begin, name="sign-in"),
    path("sign-in/done", sign_in.done, name="sign-in-done"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("signed-out", views.signed_out, name="signed-out"),
    path("timed-out", views.timed_out, name="timed-out"),
    path("stay-signed-in", views.stay, name="stay"),
    path("find/reason", journey.reason, name="find-reason"),
    path("find/child", journey.child, name="find-child"),
    path("find/again", journey.again, name="find-again"),
    path("find/result/<uuid:request_id>", journey.result, name="find-result"),
    path("review", review.queue, name="review-cases"),
    path("review/<uuid:case_id>", review.show, name="review-case"),
    path("review/<uuid:case_id>/ask-again", review.ask_again, name="review-ask-again"),
    path("review/<uuid:case_id>/decide", review.decide, name="review-decide"),
    path("review/<uuid:case_id>/undo", review.undo, name="review-undo"),
    path("how-searches-are-recorded", views.how_recorded, name="how-recorded"),
    path("accessibility", views.accessibility, name="accessibility"),
    path("healthz", views.healthz, name="healthz"),
    path("api/", api.urls),
    path("fhir/R4/Patient/$match", match_endpoint.match, name="fhir-match"),
]

handler400 = "joinedup.hub.pages.errors.bad_request"
handler403 = "joinedup.hub.pages.errors.forbidden"
handler404 = "joinedup.hub.pages.errors.not_found"
handler500 = "joinedup.hub.pages.errors.server_error"
