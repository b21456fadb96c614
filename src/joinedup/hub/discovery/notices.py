"""Telling those responsible, before a restricted child's results are shown (policy: notify)."""

from datetime import datetime

from joinedup.hub.discovery.models import Notice, Search
from joinedup.hub.shields.key import tokens
from joinedup.hub.shields.models import Shield
from joinedup.policy.question import Level


def tell(search: Search, now: datetime) -> None:
    """Write a notice to the searcher's organisation and to each whose shield it is; once each."""
    shields = Shield.objects.filter(
        marks__token=tokens().number(search.sui), level__gt=Level.OPEN
    ).values_list("organisation_id", flat=True)
    told = {search.organisation_id, *(one for one in shields if one is not None)}
    Notice.objects.bulk_create(
        [Notice(organisation_id=one, search=search, at=now) for one in sorted(told)],
        ignore_conflicts=True,
    )
