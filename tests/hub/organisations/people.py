"""People with roles, signed in as sign-in leaves them."""

import time
import uuid
from datetime import date

from django.conf import settings
from django.test import Client
from django.utils import timezone

from joinedup.hub.organisations.models import Membership, Organisation, Person
from joinedup.hub.pages.actor import MEMBERSHIP, SIGNED_IN_AT, STEPPED_UP_AT
from joinedup.hub.sealing.sessions import SessionStore

ISSUER = "https://sign-in.example"


def organisation(code: str, name: str, **changes) -> Organisation:
    return Organisation.objects.create(
        **{
            "ods_code": code,
            "name": name,
            "kind": "childrens-services",
            "legal_class": "s11",
            "valid_from": date(2020, 1, 1),
            **changes,
        }
    )


def hub_team() -> Organisation:
    found = Organisation.objects.filter(runs_hub=True).first()
    return found or organisation("HUB", "Hub team", legal_class="other", runs_hub=True)


def member(at: Organisation, role: str = "administrator", name: str = "") -> Membership:
    subject = str(uuid.uuid4())
    person = Person.objects.create(issuer=ISSUER, subject=subject, name=name or subject[:8])
    return Membership.objects.create(
        person=person, organisation=at, role=role, confirmed_at=timezone.now()
    )


def browser(membership: Membership, *, stepped_up: bool = True) -> Client:
    session = SessionStore()
    session[MEMBERSHIP] = membership.pk
    session[SIGNED_IN_AT] = time.time()
    if stepped_up:
        session[STEPPED_UP_AT] = time.time()
    session.save()
    client = Client(headers={"host": "hub.example.test", "x-forwarded-proto": "https"})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client
