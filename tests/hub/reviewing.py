"""People and records for tests of review cases."""

import time
from datetime import date
from typing import Any

from joinedup.linkage.record import LinkRecord
from joinedup.people.demographics import Demographics

OLIVER = {
    "given": "Oliver", "family": "Testerton", "birth_date": "2014-03-27", "gender": "male",
    "postcode": "LS1 4AP", "phone": "0131 496 0781",
}  # fmt: skip


def record(source: str, id: str, **changes: str | None) -> LinkRecord:
    return LinkRecord.of(source, id, Demographics.read({**OLIVER, **changes}))


def sign_in(browser: Any, organisation: Any, name: str = "Pat", role: str = "social-worker") -> Any:
    """Sign somebody in at an organisation, as the provider's answer leaves it."""
    from django.conf import settings

    from joinedup.hub.pages.sign_in import admit
    from joinedup.hub.sealing.sessions import SessionStore

    membership = admit(
        {
            "iss": "https://sign-in.example",
            "sub": name,
            "name": name,
            "organisation": organisation.ods_code,
            "role": role,
        }
    )
    session = SessionStore()
    session["membership"] = membership.pk
    session["signed_in_at"] = time.time()
    session.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return membership


def elsewhere() -> Any:
    from joinedup.hub.organisations.models import Organisation

    return Organisation.objects.create(
        ods_code="T2", name="Elsewhere", kind="health", legal_class="s11",
        valid_from=date(2020, 1, 1),
    )  # fmt: skip
