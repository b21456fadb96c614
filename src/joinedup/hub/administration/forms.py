"""The forms of the administration pages that are not a kind of change."""

from typing import Any

from django import forms

from joinedup.hub.organisations.models import ClientKey, MachineClient, Membership, Person


class WhyForm(forms.Form):
    """Why a change is proposed or turned down."""

    why = forms.CharField(label="Why", max_length=500, widget=forms.Textarea)


class StopForm(forms.Form):
    """What to stop at once: a client, one of its keys, or a person."""

    client_id = forms.CharField(label="Client id", required=False, max_length=64)
    kid = forms.CharField(label="Key (kid), to stop that key alone", required=False, max_length=128)
    person = forms.UUIDField(label="Person’s id, as the ledger shows it", required=False)
    why = forms.CharField(label="Why", max_length=500, widget=forms.Textarea)

    def __init__(self, by: Membership, *args: Any) -> None:
        super().__init__(*args)
        self.by = by
        self.found: MachineClient | ClientKey | Person | None = None

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        client_id, kid, person = found.get("client_id"), found.get("kid"), found.get("person")
        if bool(client_id) == bool(person):
            self.add_error("client_id", "Enter a client’s id or a person’s, and not both.")
        elif person:
            self.found = self._person(person)
            if self.found is None:
                self.add_error("person", "No such person can be stopped by you.")
        else:
            self.found = self._client(str(client_id), str(kid or ""))
            if self.found is None:
                self.add_error("client_id", "There is no such client or key that you can stop.")
        return found

    def _client(self, client_id: str, kid: str) -> MachineClient | ClientKey | None:
        clients = MachineClient.objects.filter(client_id=client_id)
        if not self.by.organisation.runs_hub:
            clients = clients.filter(organisation=self.by.organisation)
        client = clients.first()
        if client is None or not kid:
            return client
        return client.keys.filter(kid=kid).first()

    def _person(self, person: Any) -> Person | None:
        """Somebody else, of the same organisation unless one looks after the hub."""
        people = Person.objects.filter(pk=person).exclude(pk=self.by.person_id)
        if not self.by.organisation.runs_hub:
            people = people.filter(memberships__organisation=self.by.organisation)
        return people.first()
