"""Organisations, machine clients with their keys, and people with their memberships.

No password is kept: people come from an OpenID Connect provider, machines sign with a key whose
public half is here.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

PublicKey = RSAKey | ECKey | OKPKey


class LegalClass(models.TextChoices):
    """On what footing an organisation is under the duty of Children Act 2004 s.16LA(4)."""

    SECTION_11 = "s11", "Children Act 2004 section 11 body"
    SECTION_16E = "s16E", "Designated childcare or education agency (section 16E)"
    CONTRACTOR = "contractor", "Contractor acting for one of these"
    OTHER = "other", "Other: needs a data sharing agreement"


class Kind(models.TextChoices):
    """What an organisation does for children."""

    CHILDRENS_SERVICES = "childrens-services", "Children's services"
    EDUCATION = "education", "Education"
    HEALTH = "health", "Health"
    POLICE = "police", "Police"
    SUPPLIER = "supplier", "Software supplier"


class Organisation(models.Model):
    """An organisation that may ask, from and until given days."""

    ods_code = models.CharField("ODS code", max_length=12, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=32, choices=Kind)
    legal_class = models.CharField(max_length=16, choices=LegalClass)
    evidence = models.CharField(
        max_length=200,
        blank=True,
        help_text="Where the legal class is shown: a register or contract",
    )
    principal = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contractors",
        help_text="For a contractor: the body whose functions it carries out",
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="The last day; empty while open")
    runs_hub = models.BooleanField(
        default=False, help_text="Whether its administrators look after the hub for everybody"
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["runs_hub"], condition=Q(runs_hub=True), name="one_organisation_runs_hub"
            ),
            models.CheckConstraint(
                condition=~Q(legal_class="contractor") | Q(principal__isnull=False),
                name="contractor_has_a_principal",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_live(self, on: date) -> bool:
        """Whether the organisation itself is open on that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def may_ask(self, on: date) -> bool:
        """Whether it may ask for identifiers on that day.

        Children Act 2004 s.16LA(4): section 11 bodies, designated childcare and education
        agencies, and those who act for them under contract. A contractor's footing is its
        principal's, and ends with either. Anyone else needs an agreement of another kind.
        """
        if not self.is_live(on):
            return False
        if self.legal_class == LegalClass.CONTRACTOR:
            principal = self.principal
            return (
                principal is not None
                and principal.legal_class in (LegalClass.SECTION_11, LegalClass.SECTION_16E)
                and principal.is_live(on)
            )
        return self.legal_class in (LegalClass.SECTION_11, LegalClass.SECTION_16E)

    def may_have_people(self, on: date) -> bool:
        """Whether people may act for it on that day.

        Those who run the hub need no footing of their own to look after it; ``may_ask`` still
        decides whether anybody may ask about a child.
        """
        return self.may_ask(on) or (self.runs_hub and self.is_live(on))


class System(models.Model):
    """A system in which an organisation keeps records; its code is the API's ``systemId``."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="systems")
    code = models.CharField(max_length=128)
    name = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "code"], name="one_system_per_code"),
        ]

    def __str__(self) -> str:
        return self.name


class MachineClient(models.Model):
    """A supplier's or an agency's system that calls the API for one organisation."""

    client_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="machine_clients"
    )
    scopes = ArrayField(models.CharField(max_length=64), default=list)
    purpose = models.CharField(
        max_length=200, help_text="Why this system asks; copied to the record of each request"
    )
    requests_per_minute = models.PositiveIntegerField(default=600)
    jwks_uri = models.CharField(
        max_length=300,
        blank=True,
        help_text="Where its keys are published; empty when they are registered one by one",
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["client_id"]

    def __str__(self) -> str:
        return self.client_id

    def is_live(self, at: datetime) -> bool:
        """Whether the client, and the organisation it acts for, may call at that moment."""
        return (
            self.revoked_at is None
            and at < self.expires_at
            and self.organisation.may_ask(timezone.localdate(at))
        )

    def add_key(self, public_jwk: dict[str, Any], expires_at: datetime) -> ClientKey:
        """Register a public key under its own ``kid``; older keys stay until they expire."""
        public = only_public(public_jwk)
        return ClientKey.objects.create(
            client=self,
            kid=public_jwk["kid"],
            public_jwk=public,
            thumbprint=thumbprint(public),
            expires_at=expires_at,
        )


def only_public(jwk: dict[str, Any]) -> dict[str, str]:
    """The public half of a JWK; raises ``ValueError`` for all but RSA (2048 bits or more), EC, OKP.

    What is not a key at all is a ``ValueError`` as well.
    """
    try:
        key = KeySet.import_key_set({"keys": [dict(jwk)]}).keys[0]
    except JoseError as fault:
        raise ValueError("This is not a key as a JWK.") from fault
    if not isinstance(key, PublicKey):
        raise ValueError("A client's key must be RSA, EC or OKP; a shared secret is refused.")
    if isinstance(key, RSAKey) and key.public_key.key_size < 2048:
        raise ValueError("An RSA key must have 2048 bits or more.")
    public = key.as_dict(private=False)
    return {name: str(value) for name, value in public.items() if isinstance(value, str)}


def thumbprint(public_jwk: dict[str, Any]) -> str:
    """A key's own name (RFC 7638), the same under whatever ``kid`` it is registered."""
    return KeySet.import_key_set({"keys": [dict(public_jwk)]}).keys[0].thumbprint()


class ClientKey(models.Model):
    """One public key of a client. Several may be live at once, so that keys can be rotated."""

    client = models.ForeignKey(MachineClient, on_delete=models.CASCADE, related_name="keys")
    kid = models.CharField(max_length=128)
    public_jwk = models.JSONField()
    thumbprint = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="RFC 7638: the same key, whatever its kid",
    )
    fetched = models.BooleanField(default=False, help_text="Read from the client's jwks_uri")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "kid"], name="one_key_per_client_and_kid"),
        ]

    def __str__(self) -> str:
        return f"{self.client} / {self.kid}"

    def is_live(self, at: datetime) -> bool:
        """Whether an assertion signed with this key is accepted at that moment."""
        return self.revoked_at is None and at < self.expires_at

    def key(self) -> PublicKey:
        """The key, to verify with."""
        key = KeySet.import_key_set({"keys": [dict(self.public_jwk)]}).keys[0]
        assert isinstance(key, PublicKey)
        return key


class UsedAssertion(models.Model):
    """A client assertion's ``jti``, kept until the assertion expires: each is used once."""

    client = models.ForeignKey(MachineClient, on_delete=models.CASCADE)
    jti = models.CharField(max_length=128)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "jti"], name="an_assertion_is_used_once"),
        ]

    def __str__(self) -> str:
        return f"{self.client} until {self.expires_at:%Y-%m-%d %H:%M}"


class Role(models.TextChoices):
    """What a person does at their organisation, as their sign-in provider says."""

    SOCIAL_WORKER = "social-worker", "Social worker"
    SAFEGUARDING_LEAD = "safeguarding-lead", "School safeguarding lead"
    NURSE = "nurse", "Nurse"
    POLICE_SERGEANT = "police-sergeant", "Police sergeant"
    INFORMATION_GOVERNANCE_LEAD = "information-governance-lead", "Information governance lead"
    DATA_OFFICER = "data-officer", "Data officer"
    SHIELD_REVIEWER = "shield-reviewer", "Shield reviewer"
    ADMINISTRATOR = "administrator", "Administrator"


ROLES_THAT_ASK = frozenset(
    {Role.SOCIAL_WORKER, Role.SAFEGUARDING_LEAD, Role.NURSE, Role.POLICE_SERGEANT}
)
"""Roles that look up children. An information governance lead oversees lookups and makes none."""

GRANTED_ROLES = frozenset({Role.ADMINISTRATOR})
"""Roles that a sign-in provider's word does not give: two people here must have granted them."""


class Person(models.Model):
    """Someone who signs in, known by the provider's issuer and subject, never by an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=200)
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_per_subject"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role at an organisation, as last confirmed by their sign-in provider."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=32, choices=Role)
    confirmed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "organisation", "role"], name="one_membership_per_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_role_display()}, {self.organisation}"

    def is_live(self, on: date) -> bool:
        """Whether the person may act for the organisation on that day."""
        return (
            self.ended_at is None
            and self.person.blocked_at is None
            and self.organisation.may_have_people(on)
        )

    @property
    def may_look_up(self) -> bool:
        """Whether the role looks up children, for an organisation that may ask."""
        return self.role in ROLES_THAT_ASK and self.organisation.may_ask(timezone.localdate())


class Grant(models.Model):
    """A role that two people gave someone, who is known by what their provider calls them.

    Needed for the roles in ``GRANTED_ROLES``: a provider that says "administrator" of somebody is
    not enough. The person need not have signed in yet.
    """

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=32, choices=Role)
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation", "role", "granted_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer", "subject", "organisation", "role"],
                condition=Q(ended_at=None),
                name="a_role_is_granted_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.organisation}"
