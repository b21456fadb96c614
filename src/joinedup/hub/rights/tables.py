"""Which rows of which table an organisation sees; and which tables are not an organisation's.

Every table of the hub is in one of the two. To one that is in neither the hub's role has no right
("permission denied"), and a test that asks the database for its tables names it.
"""

from typing import NamedTuple

ASKER = "(SELECT joinedup_organisation())"
_OWN = f"organisation_id = {ASKER}"
_OWN_SEARCH = "joinedup_searches(search_id)"
_OWN_CLIENT = "client_id IN (SELECT id FROM organisations_machineclient WHERE " + _OWN + ")"  # noqa: S608
_OWN_MEMBERSHIP = "membership_id IN (SELECT id FROM organisations_membership WHERE " + _OWN + ")"  # noqa: S608
_OWN_HOLDING = (
    "holding_id IN (SELECT id FROM register_holding WHERE custodian_id = " + ASKER + ")"  # noqa: S608
)
_OF_A_CASE_SEEN = "EXISTS (SELECT 1 FROM reconciliation_reviewcase c WHERE c.id = case_id)"
_OF_A_SHARE_SEEN = "EXISTS (SELECT 1 FROM sharing_sharerequest r WHERE r.id = request_id)"
_OF_A_SUBJECT_SEEN = (
    "EXISTS (SELECT 1 FROM subject_access_subjectrequest r WHERE r.id = request_id)"
)


class Rows(NamedTuple):
    """What an organisation sees, and what it may write (the same, when nothing is said)."""

    seen: str
    written: str = ""


SEEN: dict[str, Rows] = {
    "identifiers_identifierrequest": Rows(_OWN),
    "identifiers_issuedidentifier": Rows(_OWN),
    "identifiers_keptanswer": Rows(_OWN_CLIENT),
    "reconciliation_reviewcase": Rows(_OWN),
    "reconciliation_casequestion": Rows(_OF_A_CASE_SEEN),
    "reconciliation_caseentry": Rows(_OF_A_CASE_SEEN),
    "shields_hiddencase": Rows(_OF_A_CASE_SEEN),
    # Of other custodians' pointers, those to a child whom one has searched for.
    "register_pointer": Rows(f"{_OWN_HOLDING} OR joinedup_searched_for(sui)", _OWN_HOLDING),
    "discovery_search": Rows(f"{_OWN} OR joinedup_is_asked(id)", _OWN),
    "discovery_workitem": Rows(f"custodian_id = {ASKER} OR {_OWN_SEARCH}"),
    "discovery_foundrecord": Rows("joinedup_may_see_item(work_item_id)"),
    "discovery_fetch": Rows("joinedup_may_see_item(work_item_id)"),
    "discovery_fetchdecision": Rows(f"custodian_id = {ASKER}"),
    # Written to whoever must be told, read by them alone.
    "discovery_notice": Rows(_OWN, _OWN_SEARCH),
    "shields_alert": Rows(_OWN),
    "shields_breakglass": Rows(_OWN_MEMBERSHIP),
    "pages_askedrecord": Rows(_OWN_SEARCH),
    "sharing_sharerequest": Rows(f"asker_id = {ASKER} OR holder_id = {ASKER}"),
    "sharing_shareitem": Rows(_OF_A_SHARE_SEEN),
    "sharing_shareevent": Rows(_OF_A_SHARE_SEEN),
    "sharing_reading": Rows(_OF_A_SHARE_SEEN),
    "sharing_sealeditem": Rows("EXISTS (SELECT 1 FROM sharing_shareitem i WHERE i.id = item_id)"),
    "sharing_correction": Rows(f"holder_id IS NULL OR holder_id = {ASKER}", "true"),
    "notifications_allocation": Rows(_OWN),
    "notifications_notice": Rows(_OWN),
    "notifications_quiet": Rows(_OWN),
    "notifications_subscriber": Rows(_OWN_MEMBERSHIP),
    # Written to whoever must be told; the worker tells them.
    "notifications_outbox": Rows(
        f"actor_id IS NULL OR actor_id = {ASKER} OR to_organisation_id = {ASKER}", "true"
    ),
    "watching_alert": Rows(_OWN, "true"),
    "watching_mark": Rows(_OWN),
    "subject_access_subjectrequest": Rows(_OWN),
    "subject_access_step": Rows(_OF_A_SUBJECT_SEEN),
    "subject_access_item": Rows(_OF_A_SUBJECT_SEEN),
    "subject_access_complaint": Rows(_OWN),
}

LOOK_FOR_ALL = (
    "notifications_of_pointers()",
    "notifications_of_searches()",
    "notifications_of_shields()",
)
"""Triggers that ask whether anybody, of whatever organisation, has a child in their caseload: they
run with the rights of the tables' owner. The one whose act it is learns nothing from them."""

_NO_CHILD = "holds nothing about a child"
_KEYED = "about a child in keyed tokens and sealed text alone, and needed whoever asks"

NOT_AN_ORGANISATIONS: dict[str, str] = {
    "agreements_agreement": _NO_CHILD,
    "agreements_dutybegins": _NO_CHILD,
    "agreements_head": _NO_CHILD,
    "agreements_keptpolicy": _NO_CHILD,
    "agreements_rule": _NO_CHILD,
    "approvals_proposedchange": "sealed where it is about a child; decided between organisations",
    "discovery_hint": _NO_CHILD,
    "discovery_subscription": _NO_CHILD,
    "django_migrations": _NO_CHILD,
    "django_session": "sealed, and found by a secret that the person's cookie alone holds",
    "limits_hold": _NO_CHILD,
    "limits_pace": _NO_CHILD,
    "limits_recent": _KEYED,
    "limits_seen": _KEYED,
    "limits_tally": _NO_CHILD,
    "organisations_clientkey": _NO_CHILD,
    "organisations_grant": _NO_CHILD,
    "organisations_machineclient": _NO_CHILD,
    "organisations_membership": _NO_CHILD,
    "organisations_organisation": _NO_CHILD,
    "organisations_person": _NO_CHILD,
    "organisations_system": _NO_CHILD,
    "organisations_usedassertion": _NO_CHILD,
    "pages_sessionkey": _NO_CHILD,
    "pages_signedin": _NO_CHILD,
    "procrastinate_events": _NO_CHILD,
    "procrastinate_jobs": _NO_CHILD,
    "procrastinate_periodic_defers": _NO_CHILD,
    "procrastinate_workers": _NO_CHILD,
    "register_custodianship": _NO_CHILD,
    "register_holding": _NO_CHILD,
    "register_supersession": _KEYED,
    "register_version": _NO_CHILD,
    "retention_archived": "sealed, and opened by two people of any organisation it concerns",
    "retention_purged": "keyed tokens, and needed whoever publishes",
    "retention_purgedrecord": "keyed tokens, and needed whoever publishes",
    "sealing_datakey": _NO_CHILD,
    "sharing_linksread": _NO_CHILD,
    "sharing_readingkey": _NO_CHILD,
    "shields_contactrequest": "sealed, and read by the hub's desk for all",
    "shields_sealedpair": "sealed, and decided between organisations",
    "shields_shield": _KEYED,
    "shields_shieldevent": _KEYED,
    "shields_shieldkey": _NO_CHILD,
    "shields_shieldmark": _KEYED,
    "watching_judged": _NO_CHILD,
}

LEDGER = "ledger_"
"""The ledger's tables: personal parts are sealed under subjects' keys, and 'who looked' is between
organisations by its nature. All may be read and added to, and none changed, but these:"""

SIGNED = ("ledger_leaf", "ledger_node", "ledger_signedcheckpoint")
"""Only the worker gives entries their places and signs for them. A node's signature is its own."""

# A trigger of the owner's notes that an entry waits; the worker takes it off when it has its place.
LEDGER_RIGHTS = """
REVOKE ALL ON ledger_waiting FROM joinedup_hub, joinedup_worker;
GRANT SELECT, DELETE ON ledger_waiting TO joinedup_worker;
GRANT UPDATE (wrapped, destroyed_at) ON ledger_subjectkey TO joinedup_hub, joinedup_worker;
"""

# Shields spread to records that come later, and are looked at again when records part, in the
# transaction that writes the records; what was purged is not taken in again (hub/shields/guard.py).
LINKING_RIGHTS = """
GRANT SELECT, UPDATE ON shields_shield TO joinedup_linking;
GRANT SELECT, INSERT ON shields_shieldevent, shields_shieldmark TO joinedup_linking;
GRANT SELECT ON retention_purged, retention_purgedrecord TO joinedup_linking;
"""

# Rows that a trigger, too, keeps from being changed: the right to try is not given.
ONLY_ADDED_TO = ("sealing_datakey", "shields_shieldevent")
READ_ALONE = ("django_migrations",)
