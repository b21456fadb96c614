"""FHIR's addresses."""

from django.urls import path

from joinedup.hub.fhir import answers, audit, capability, match, search

urlpatterns = [
    path("metadata", capability.metadata, name="fhir-metadata"),
    path("Patient/$match", match.match, name="fhir-match"),
    path("Patient/_search", search.search, name="fhir-search"),
    path("AuditEvent", audit.by_address, name="fhir-audit"),
    path("AuditEvent/_search", audit.by_form, name="fhir-audit-search"),
    path("<path:rest>", answers.nothing_here, name="fhir-nothing"),
]
