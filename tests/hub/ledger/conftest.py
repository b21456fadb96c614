"""The ledger's modules: they can be imported once Django is set up."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def hub(db):
    """The ledger of an empty hub, by the names its modules have."""
    from joinedup.hub.ledger import (
        checkpoints,
        erasure,
        export,
        keys,
        looked,
        models,
        opening,
        proofs,
        receipts,
        sequencing,
        verifying,
        witnesses,
        writing,
    )

    return SimpleNamespace(
        checkpoints=checkpoints,
        export=export,
        forget=erasure.forget,
        keys=keys,
        looked=looked,
        models=models,
        opened=opening.opened,
        proofs=proofs,
        receipts=receipts,
        sequencing=sequencing,
        verifying=verifying,
        witnesses=witnesses,
        writing=writing,
        note=writing.note,
        record=writing.record,
        entries=lambda: models.Entry.objects.order_by("number"),
        own=witnesses.own().file.path,
    )
