"""Addresses of the policy's pages."""

from django.urls import path

from joinedup.hub.agreements import views

urlpatterns = [
    path("administration/agreements", views.agreements, name="agreements"),
    path("administration/agreements/<int:number>", views.agreement, name="agreement"),
    path("administration/policy-preview", views.policy_preview, name="policy-preview"),
]
