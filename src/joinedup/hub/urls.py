"""Every address of the hub."""

from django.urls import include, path

from joinedup.hub.api.api import api
from joinedup.hub.pages import (
    asked_of_us,
    chronicle,
    decide_fetch,
    involved,
    journey,
    records,
    sign_in,
    views,
    where_signed_in,
)
from joinedup.hub.reconciliation import views as review

urlpatterns = [
    # Machines first: they call a thousand times for each page, and patterns are tried in order.
    path("api/", api.urls),
    path("fhir/R4/", include("joinedup.hub.fhir.urls")),
    path("", views.start, name="start"),
    path("sign-in", sign_in.begin, name="sign-in"),
    path("sign-in/again", sign_in.again, name="sign-in-again"),
    path("sign-in/role", sign_in.choose, name="choose-role"),
    path("sign-in/done", sign_in.done, name="sign-in-done"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("signed-out", views.signed_out, name="signed-out"),
    path("timed-out", views.timed_out, name="timed-out"),
    path("stay-signed-in", views.stay, name="stay"),
    path("where-signed-in", where_signed_in.show, name="where-signed-in"),
    path("where-signed-in/end", where_signed_in.end, name="where-signed-in-end"),
    path("find/reason", journey.reason, name="find-reason"),
    path("find/child", journey.child, name="find-child"),
    path("find/again", journey.again, name="find-again"),
    path("find/result/<uuid:request_id>", journey.result, name="find-result"),
    path("find/number", involved.number, name="find-number"),
    path("find/who", involved.begin, name="find-who"),
    path("searches/<uuid:search_id>", involved.show, name="search"),
    path("searches/<uuid:search_id>/ask", records.ask, name="ask-record"),
    path("searches/<uuid:search_id>/records", records.listed, name="records"),
    path("searches/<uuid:search_id>/chronology", chronicle.chronology, name="chronology"),
    path("searches/<uuid:search_id>/signals", chronicle.signals, name="signals"),
    path("records/<uuid:asked_id>", records.show, name="record"),
    path("asked-of-us", asked_of_us.show, name="asked-of-us"),
    path("asked-of-us/<uuid:item_id>", decide_fetch.decide, name="decide-fetch"),
    path("review", review.queue, name="review-cases"),
    path("review/<uuid:case_id>", review.show, name="review-case"),
    path("review/<uuid:case_id>/ask-again", review.ask_again, name="review-ask-again"),
    path("review/<uuid:case_id>/decide", review.decide, name="review-decide"),
    path("review/<uuid:case_id>/undo", review.undo, name="review-undo"),
    path("administration", include("joinedup.hub.administration.urls")),
    path("", include("joinedup.hub.agreements.urls")),
    path("", include("joinedup.hub.sharing.urls")),
    path("", include("joinedup.hub.notifications.urls")),
    path("how-searches-are-recorded", views.how_recorded, name="how-recorded"),
    path("accessibility", views.accessibility, name="accessibility"),
    path("healthz", views.healthz, name="healthz"),
    path("", include("joinedup.hub.shields.urls")),
    path("", include("joinedup.hub.watching.urls")),
    path("", include("joinedup.hub.subject_access.urls")),
    path("", include("joinedup.hub.retention.urls")),
]

handler400 = "joinedup.hub.pages.errors.bad_request"
handler403 = "joinedup.hub.pages.errors.forbidden"
handler404 = "joinedup.hub.pages.errors.not_found"
handler500 = "joinedup.hub.pages.errors.server_error"
