"""The envelope: what a searcher opens is of the child, for the item, by its schema, or not shown.

A custodian may be wrong or worse (trust A18); these are the checks on the searcher's side.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

from joinedup.custodian.envelope import LARGEST, EnvelopeError, new_key, seal, unseal
from joinedup.standards.schemas import example
from tests.custodian.agency import AMY, BEN

RECORD = {**example("personal.details"), "personId": AMY}


@pytest.mark.parametrize("key", [new_key(), OKPKey.generate_key("X25519")], ids=["P-256", "X25519"])
def test_opens_with_the_other_half_alone(key: ECKey | OKPKey) -> None:
    closed = seal(RECORD, key.as_dict(private=False), "item-1")
    assert unseal(closed, key, sui=AMY, work_item="item-1") == RECORD
    with pytest.raises(EnvelopeError):
        unseal(closed, new_key())
    assert AMY not in closed


def _with(record: Any = RECORD, item: str = "item-1", **header: Any) -> tuple[str, ECKey]:
    """An envelope as a custodian's own, careless software might make it."""
    key = new_key()
    algorithms = ["ECDH-ES+A256KW", "A256GCM", "A128GCM", "ECDH-ES", "DEF"]
    registry = jwe.JWERegistry(algorithms=algorithms, strict_check_header=False)
    head = {
        "alg": "ECDH-ES+A256KW", "enc": "A256GCM", "typ": "joinedup-record", "workItemId": item,
        **header,
    }  # fmt: skip
    text = record if isinstance(record, bytes) else json.dumps(record).encode()
    return jwe.encrypt_compact(head, text, key, registry=registry), key


@pytest.mark.parametrize(
    ("record", "header"),
    [
        ({**RECORD, "personId": BEN}, {}),
        ({**RECORD, "siblings": [RECORD]}, {}),
        ([RECORD, {**RECORD, "personId": BEN}], {}),
        ({**RECORD, "payload": {}}, {}),
        (b"<html><body>Please sign in</body></html>", {}),
        (b"\xff\xfe", {}),
        (RECORD, {"item": "item-2"}),
        (RECORD, {"typ": "JWT"}),
        (RECORD, {"enc": "A128GCM"}),
        (RECORD, {"alg": "ECDH-ES"}),
    ],
)
def test_anything_else_is_not_shown(record: Any, header: dict[str, Any]) -> None:
    closed, key = _with(record, **header)
    with pytest.raises(EnvelopeError) as refusal:
        unseal(closed, key, sui=AMY, work_item="item-1")
    assert not any(secret in str(refusal.value) for secret in (AMY, BEN, "Okafor"))


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_changed_envelope_never_opens(place: int, letter: str) -> None:
    key = KEY
    at = place % len(CLOSED)
    changed = CLOSED[:at] + letter + CLOSED[at + 1 :]
    try:
        opened = unseal(changed, key, sui=AMY, work_item="item-1")
    except EnvelopeError:
        return
    assert opened == RECORD  # the last bits of base64 may say nothing


KEY = new_key()
CLOSED = seal(RECORD, KEY.as_dict(private=False), "item-1")


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_what_is_no_envelope_is_said_so(text: str) -> None:
    with pytest.raises(EnvelopeError):
        unseal(text, KEY)


def test_a_flood_is_not_read() -> None:
    with pytest.raises(EnvelopeError, match="larger"):
        unseal("a" * (LARGEST + 1), KEY)
    with pytest.raises(EnvelopeError, match="larger"):
        seal({**RECORD, "sourceSystem": "x" * LARGEST}, KEY.as_dict(private=False), "item-1")


def test_a_decompression_bomb_is_not_opened() -> None:
    closed, key = _with(b"0" * 10_000_000, zip="DEF")
    with pytest.raises(EnvelopeError):
        unseal(closed, key)
