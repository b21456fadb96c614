"""The identifier duty (Children Act 2004 s.16LC): what is shared carries the child's number.

It does so before the duty has begun and after, so that no exemption from it is used.
"""

from dataclasses import replace
from datetime import date

import pytest

from tests.hub.sharing.known import HEALTH, SUI


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_shared_carries_the_number_whether_the_duty_has_begun_or_not(
    ask, decide, people, begun
):
    from joinedup.hub.agreements.publishing import set_duty
    from joinedup.hub.sharing import envelope, reading
    from joinedup.hub.sharing.models import SealedItem, ShareRequest

    if begun:
        set_duty("identifier", date(2026, 1, 1), "SI 2026/998")
    request = ask()
    decide(request, "Missed two appointments.", "Dr Example")
    key = people["key of LA"]
    fresh = ShareRequest.objects.get(pk=request.pk)
    found = reading.unclose(fresh, people["LA"], key.private, key.row.thumbprint)
    assert [each.content.sui for each in found] == [SUI, SUI]
    for number in ("", "C1", "9990040183"):
        item = replace(found[0].content, sui=number)
        with pytest.raises(envelope.EnvelopeError, match="NHS number"):
            envelope.close(item, key.row.public_key, SealedItem.objects.first().item_id)


def test_nothing_is_asked_for_or_offered_without_a_number(ask, region, people):
    from joinedup.hub.sharing import offering
    from joinedup.hub.sharing.asking import CannotBeAsked
    from joinedup.hub.sharing.models import ShareRequest

    with pytest.raises(CannotBeAsked, match="valid NHS number"):
        ask(sui="")
    offer = offering.Offer(
        sui="", to=region.la.organisation, record_type=HEALTH, purpose="section-47",
        reason="Seen hurt", told="Told", text="A broken arm", standing="fact",
    )  # fmt: skip
    with pytest.raises(CannotBeAsked, match="valid NHS number"):
        offering.offer(people["TRUST"], offer)
    assert not ShareRequest.objects.exists()
