"""Putting the demo's organisations, machine clients and agreement into the hub."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from joserfc.jwk import ECKey, OKPKey, RSAKey

from joinedup.custodian.client import Credentials
from joinedup.hub.demo import cast
from joinedup.hub.environment import made_once
from joinedup.hub.serve import prepare

KEY_LIFE = timedelta(days=365)
PER_MINUTE = 6000  # nodes and scripts on one machine: the demo's emulator has no limit either

PrivateKey = RSAKey | ECKey | OKPKey


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


def seed_demo(state: Path) -> list[Seeded]:
    """Load organisations, machine clients, an agreement and a few review cases; safe to repeat.

    The first client is the case system, which may do all there is; the others are the custodians'
    nodes. Private keys are made once, in ``state``, readable by their owner alone; the hub keeps
    the public halves. People are not loaded: they appear when they first sign in.
    """
    prepare()
    # Django's models can be imported only once Django is set up.
    from joinedup.hub.api.tokens import SCOPES
    from joinedup.hub.demo.cases import seed_cases
    from joinedup.hub.organisations.models import MachineClient, Organisation

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
    case_system = _client(
        state, cast.MACHINE_CLIENT, cast.MACHINE_CLIENT_NAME, cast.MACHINE_CLIENT_ORGANISATION,
        cast.MACHINE_CLIENT_PURPOSE, sorted(SCOPES),
    )  # fmt: skip
    nodes = [_node(state, custodian, frozenset(SCOPES)) for custodian in cast.CUSTODIANS]
    _agree()
    seed_cases(MachineClient.objects.get(client_id=cast.MACHINE_CLIENT))
    return [case_system, *nodes]


def _node(state: Path, custodian: cast.CastCustodian, known: frozenset[str]) -> Seeded:
    """A custodian: its node's client, and the record types that it is asked about."""
    from joinedup.hub.organisations.models import Organisation
    from joinedup.hub.register.publishing import answers_for

    organisation = Organisation.objects.get(ods_code=custodian.ods_code)
    answers_for(organisation, custodian.record_types)
    return _client(
        state, custodian.client_id, f"Custodian node of {organisation.name}", custodian.ods_code,
        cast.NODE_PURPOSE, sorted(known.intersection(cast.NODE_SCOPES)),
    )  # fmt: skip


def _agree() -> None:
    """Publish the partnership's agreement once: whoever revokes it has revoked it."""
    from joinedup.hub.agreements.models import Agreement
    from joinedup.hub.agreements.publishing import publish
    from joinedup.policy.catalogue import national

    if not Agreement.objects.filter(reference=cast.AGREEMENT_REFERENCE).exists():
        publish(cast.agreement(national().purposes))


def _client(
    state: Path, client_id: str, name: str, ods_code: str, purpose: str, scopes: Sequence[str]
) -> Seeded:
    from django.utils import timezone

    from joinedup.hub.organisations.models import ClientKey, MachineClient, Organisation

    expires = timezone.now() + KEY_LIFE
    client, _ = MachineClient.objects.update_or_create(
        client_id=client_id,
        defaults={
            "name": name,
            "organisation": Organisation.objects.get(ods_code=ods_code),
            "scopes": list(scopes),
            "purpose": purpose,
            "requests_per_minute": PER_MINUTE,
            "expires_at": expires,
            "revoked_at": None,
        },
    )
    key_file, key = _private_key(state, client_id)
    kid = key.thumbprint()
    ClientKey.objects.filter(client=client, kid=kid).delete()
    client.add_key({**key.as_dict(private=False), "kid": kid}, expires)
    return Seeded(client_id, ods_code, tuple(scopes), kid, key_file)


def _private_key(state: Path, client_id: str) -> tuple[Path, PrivateKey]:
    folder = state / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{client_id}.pem"
    if not path.exists():
        made_once(path, ECKey.generate_key("P-256").as_pem(private=True))
    os.chmod(path, 0o600)
    return path, Credentials.from_file(client_id, path).key
