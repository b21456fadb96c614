"""Putting the demo's organisations and its machine client into the hub."""

import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from joserfc.jwk import RSAKey

from joinedup.hub.demo import cast
from joinedup.hub.environment import made_once
from joinedup.hub.serve import prepare

KEY_LIFE = timedelta(days=365)
BITS = 3072


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a script needs to call as the demo's machine client."""

    client_id: str
    organisation: str
    scopes: tuple[str, ...]
    key_id: str
    key_file: Path

    def as_dict(self) -> dict[str, object]:
        """For ``demo.json`` (design, contract 5.1)."""
        return {
            "id": self.client_id,
            "organisation": self.organisation,
            "scopes": list(self.scopes),
            "kid": self.key_id,
            "key_file": str(self.key_file),
        }


def seed_demo(state: Path) -> Seeded:
    """Load organisations, one machine client and a few review cases; safe to repeat.

    The client's private key is made once, in ``state``, readable by its owner alone; the hub
    keeps the public half. People are not loaded: they appear when they first sign in.
    """
    prepare()
    # Django's models can be imported only once Django is set up.
    from django.utils import timezone

    from joinedup.hub.api.tokens import SCOPES
    from joinedup.hub.demo.cases import seed_cases
    from joinedup.hub.organisations.models import ClientKey, MachineClient, Organisation

    for member in cast.ORGANISATIONS:
        Organisation.objects.update_or_create(
            ods_code=member.ods_code,
            defaults={
                "name": member.name,
                "kind": member.kind,
                "legal_class": member.legal_class,
                "evidence": "Invented for the demo",
                "valid_from": date(2020, 1, 1),
            },
        )
    organisation = Organisation.objects.get(ods_code=cast.MACHINE_CLIENT_ORGANISATION)
    expires = timezone.now() + KEY_LIFE
    client, _ = MachineClient.objects.update_or_create(
        client_id=cast.MACHINE_CLIENT,
        defaults={
            "name": cast.MACHINE_CLIENT_NAME,
            "organisation": organisation,
            "scopes": sorted(SCOPES),
            "purpose": cast.MACHINE_CLIENT_PURPOSE,
            "expires_at": expires,
            "revoked_at": None,
        },
    )
    key_file, key = _private_key(state)
    kid = key.thumbprint()
    ClientKey.objects.filter(client=client, kid=kid).delete()
    client.add_key({**key.as_dict(private=False), "kid": kid}, expires)
    seed_cases(client)
    return Seeded(client.client_id, organisation.ods_code, tuple(client.scopes), kid, key_file)


def _private_key(state: Path) -> tuple[Path, RSAKey]:
    folder = state / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{cast.MACHINE_CLIENT}.pem"
    if not path.exists():
        made_once(path, RSAKey.generate_key(BITS).as_pem(private=True))
    os.chmod(path, 0o600)
    return path, RSAKey.import_key(path.read_bytes())
