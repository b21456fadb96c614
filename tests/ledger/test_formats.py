"""What is stored for good keeps its form: a leaf, a seal, an index, a receipt, byte for byte.

A change of any of these would leave logs that no longer verify, or keys that open nothing.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from joinedup.ledger.entry import Entry, read_content
from joinedup.ledger.receipt import Receipt, ReceiptError
from joinedup.ledger.seal import KEY, Keys, SealError, content_of, derive, seal, unseal

ID = UUID("6f1c9b1e-8f0e-4c67-9d9a-0c1a2b3c4d5e")
AT = datetime(2026, 11, 23, 5, 0, 0, 123, tzinfo=UTC)
SECRET = b"k" * 32


def test_an_entry_with_nothing_said_has_these_bytes():
    assert Entry(AT, "record.find", "allowed").content(ID, None) == (
        b'{"action":"record.find","at":"2026-11-23T05:00:00.000123Z","client":"","commitment":"",'
        b'"correlation_id":"","emergency":false,"fields":[],"held_back":"","holders":[],'
        b'"id":"6f1c9b1e-8f0e-4c67-9d9a-0c1a2b3c4d5e","legal_basis":"","organisation":"",'
        b'"outcome":"allowed","policy_version":"","purpose":"","record_types":[],"results":null,'
        b'"role":"","status":null,"trace_id":"","v":1,"withheld":null}'
    )


def test_an_entry_with_everything_said_has_these_facts():
    entry = Entry(
        AT, "record.find", "allowed", "T1", "client", "person", "nurse", "section-47",
        "public-task", "reason", "case", "9990000018", ("H",), ("health.details",), ("name",), 2,
        200, "policy", True, ID, "trace", ("9990000026",), "family", 3, "caseload",
    )  # fmt: skip
    told = json.loads(entry.content(ID, b"\x01\x02"))
    assert told == {
        "v": 1, "id": str(ID), "at": "2026-11-23T05:00:00.000123Z", "action": "record.find",
        "outcome": "allowed", "status": 200, "organisation": "T1", "client": "client",
        "role": "nurse", "purpose": "section-47", "legal_basis": "public-task", "holders": ["H"],
        "record_types": ["health.details"], "fields": ["name"], "results": 2,
        "policy_version": "policy", "emergency": True, "held_back": "family", "withheld": 3,
        "correlation_id": str(ID), "trace_id": "trace", "commitment": "0102",
    }  # fmt: skip
    assert json.loads(entry.personal_part()) == {
        "subject": "9990000018", "reason": "reason", "case_reference": "case", "person": "person",
        "relationship": "caseload",
    }  # fmt: skip


def test_a_part_that_was_sealed_before_there_were_relationships_has_the_same_bytes():
    entry = Entry(AT, "record.find", "allowed", subject="9990000018")
    assert entry.personal_part() == (
        b'{"case_reference":"","person":"","reason":"","subject":"9990000018"}'
    )


@pytest.mark.parametrize("name", ["subject", "reason", "case_reference", "person"])
def test_any_personal_fact_alone_is_sealed(name):
    entry = Entry(AT, "record.find", "allowed", **{name: "x"})
    assert entry.has_personal_part
    assert json.loads(entry.personal_part())[name] == "x"
    empty = Entry(AT, "record.find", "allowed", others=("9990000026",), client="c")
    assert not empty.has_personal_part
    assert set(json.loads(empty.personal_part()).values()) == {""}


@pytest.mark.parametrize("content", [b"[]", b'"v"', b"1", b"null", b'{"v": 2}', b"{}"])
def test_what_is_no_entry_is_not_read(content):
    with pytest.raises(ValueError, match="not an entry"):
        read_content(content)


def test_what_is_sealed_is_a_nonce_and_aes_gcm_over_salt_and_content():
    made = seal(SECRET, b"content", ID.bytes)
    assert len(made.box) == 12 + 32 + len(b"content") + 16
    opening = AESGCM(SECRET).decrypt(made.box[:12], made.box[12:], ID.bytes)
    assert opening[32:] == b"content"
    assert opening == unseal(SECRET, made.box, ID.bytes)
    assert content_of(opening) == b"content"
    assert made.commitment == hashlib.sha256(opening).digest()
    assert seal(SECRET, b"content", ID.bytes).box != made.box


def test_keys_are_hkdf_of_the_one_secret_and_an_index_is_hmac():
    def own(use):
        return HKDF(SHA256(), 32, salt=None, info=use).derive(SECRET)

    assert KEY == 32
    assert derive(SECRET, b"a use") == own(b"a use")
    keys = Keys(SECRET)
    assert keys.index("subject", "9990000018") == hmac.digest(
        own(b"joinedup ledger index"), b"subject\x009990000018", "sha256"
    )
    wrapped = keys.wrap(b"w" * 32, b"index")
    wrapping = own(b"joinedup ledger wrap")
    assert AESGCM(wrapping).decrypt(wrapped[:12], wrapped[12:], b"index") == b"w" * 32
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            Keys(b"k" * length)
    with pytest.raises(SealError):
        keys.unwrap(b"", b"index")


def test_a_receipt_is_this_json_and_nothing_looser():
    receipt = Receipt(b"content", 7, (b"\x01" * 32,), "note")
    text = receipt.text()
    assert text == (
        '{\n "content": "Y29udGVudA==",\n "place": 7,\n "proof": [\n'
        '  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="\n ],\n "checkpoint": "note"\n}'
    )
    assert Receipt.parse(text) == receipt
    for place in (True, 7.0, "7", None):
        with pytest.raises(ReceiptError, match=r"place|not a receipt"):
            Receipt.parse(json.dumps({**receipt.as_dict(), "place": place}))
    for name, value in (("content", "Y29u!dGVudA=="), ("proof", ["AQ E="]), ("proof", [1])):
        with pytest.raises(ReceiptError, match="not a receipt"):
            Receipt.parse(json.dumps({**receipt.as_dict(), name: value}))
