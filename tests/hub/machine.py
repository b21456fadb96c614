"""A machine client as its developer would write it: a key, an assertion, a token."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from joinedup.hub.api.token_endpoint import ASSERTION_TYPE
from joinedup.hub.api.tokens import token_url
from joinedup.hub.organisations.models import MachineClient, Organisation
from tests.hub.conftest import YEAR

RSA = RSAKey.generate_key(2048)
OTHER_RSA = RSAKey.generate_key(2048)
SCOPE = "get-an-identifier.read"


@dataclass
class Machine:
    client: MachineClient
    key: RSAKey | ECKey | OKPKey
    kid: str = "key-1"

    @classmethod
    def register(
        cls, organisation: Organisation, client_id: str = "case-system", key: Any = RSA
    ) -> "Machine":
        client = MachineClient.objects.create(
            client_id=client_id,
            name="A case system",
            organisation=organisation,
            scopes=[SCOPE],
            purpose="Finding numbers of children known to us",
            expires_at=timezone.now() + YEAR,
        )
        machine = cls(client, key)
        machine.add_key(key, machine.kid)
        return machine

    def add_key(self, key: Any, kid: str) -> None:
        self.client.add_key({**key.as_dict(private=False), "kid": kid}, timezone.now() + YEAR)

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": token_url(),
            "iat": now,
            "exp": now + 240,
            "jti": str(uuid.uuid4()),
        }
        return {k: v for k, v in {**claims, **changes}.items() if v is not ...}

    def assertion(
        self, alg: str = "RS512", key: Any = None, kid: Any = None, **changes: Any
    ) -> str:
        header = {"alg": alg, "typ": "JWT", "kid": self.kid if kid is None else kid}
        return jwt.encode(
            {k: v for k, v in header.items() if v is not ...},
            self.claims(**changes),
            key or self.key,
            algorithms=[alg],
        )

    def form(self, assertion: str, **changes: str) -> dict[str, str]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return {**form, **changes}

    def ask_for_token(self, http: Any, assertion: str | None = None, **changes: str) -> Any:
        return post_form(http, self.form(assertion or self.assertion(), **changes))

    def token(self, http: Any, **changes: str) -> str:
        answer = self.ask_for_token(http, **changes)
        assert answer.status_code == 200, answer.content
        return str(answer.json()["access_token"])


def post_form(http: Any, form: dict[str, str]) -> Any:
    from urllib.parse import urlencode

    return http.post(
        "/api/v1/auth/token",
        urlencode(form, doseq=True),
        content_type="application/x-www-form-urlencoded",
    )
