"""Signed notes, keys, cosignatures and a witness's answers: exactly as C2SP has them.

Built here by hand beside the code, so that a slip in either is seen; what witnesses of others have
kept must be readable for as long as there is a log.
"""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from joinedup.ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    Signer,
    Verifier,
    read_checkpoint,
)
from joinedup.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from joinedup.ledger.verify import verify
from joinedup.ledger.witness import LONGEST_REQUEST, Showing, Witness, WitnessFile

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
LOG = Signer("log.example/ledger", KEY)
AT = datetime(2026, 11, 23, 7, 0, 5, tzinfo=UTC)
ROOT = b"\x11" * 32
POINT = Checkpoint(LOG.name, 3, ROOT, AT)
TEXT = f"log.example/ledger\n3\n{b64encode(ROOT).decode()}\n2026-11-23T07:00:05Z\n"


def line(name: str, raw: bytes) -> str:
    return f"— {name} {b64encode(raw).decode()}\n"


def key_id(kind: bytes, name: str = LOG.name) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + PUBLIC).digest()[:4]


def test_a_signed_note_is_made_of_these_bytes():
    assert POINT.text() == TEXT
    signature = line(LOG.name, key_id(b"\x01") + KEY.sign(TEXT.encode()))
    assert LOG.sign(POINT) == f"{TEXT}\n{signature}"
    assert read_checkpoint(f"{TEXT}\n{signature}", [LOG.verifier]) == POINT


def test_a_key_is_written_and_read_as_c2sp_has_it():
    encoded = b64encode(b"\x01" + PUBLIC).decode()
    text = f"{LOG.name}+{key_id(bytes([1])).hex()}+{encoded}"
    assert LOG.verifier.text() == text
    assert Verifier.parse(f" {text}\n") == LOG.verifier
    for wrong in (
        text.replace("+A", "+B"),  # another kind of key
        f"{LOG.name}+00000000+{encoded}",
        f"{LOG.name}+{key_id(bytes([1])).hex()}+{b64encode(bytes([1]) + PUBLIC[:-1]).decode()}",
        f"other+{key_id(bytes([1])).hex()}+{encoded}",
        f"{LOG.name}+{key_id(bytes([1])).hex()}+{encoded[:-1]}!",
        "no key",
        f"{LOG.name}+{encoded}",
    ):
        with pytest.raises(CheckpointError):
            Verifier.parse(wrong)
    for kind, key in ((b"\x04", PUBLIC), (b"\x01", PUBLIC + b"\x00"), (b"\x01", PUBLIC[:31])):
        own = hashlib.sha256(b"n\n\x01" + key).digest()[:4].hex()  # its id fits; its form does not
        with pytest.raises(CheckpointError):
            Verifier.parse(f"n+{own}+{b64encode(kind + key).decode()}")


def test_a_cosignature_is_made_of_these_bytes_and_read_back():
    signed = KEY.sign(f"cosignature/v1\ntime 1795000000\n{TEXT}".encode())
    expected = line(LOG.name, key_id(b"\x04") + (1795000000).to_bytes(8, "big") + signed)
    assert LOG.cosign(POINT, 1795000000) == expected
    at = LOG.verifier.check_cosignature(POINT, expected)
    assert at == datetime.fromtimestamp(1795000000, UTC)
    assert at.tzinfo is UTC
    raw = b64decode(expected.rstrip("\n").rpartition(" ")[2])
    for wrong in (
        line("other", raw),
        line(LOG.name, b"\x00" * 4 + raw[4:]),
        line(LOG.name, key_id(b"\x01") + raw[4:]),
        line(LOG.name, raw[:4] + (1795000001).to_bytes(8, "big") + raw[12:]),
        line(LOG.name, raw[:-1] + bytes([raw[-1] ^ 1])),
        line(LOG.name, raw[:12]),
        LOG.signature(TEXT),
        "nonsense\n",
        "",
        expected + "\n" + expected,
    ):
        with pytest.raises(CheckpointError, match="did not sign"):
            LOG.verifier.check_cosignature(POINT, wrong)
    with pytest.raises(CheckpointError):
        LOG.verifier.check_cosignature(replace(POINT, size=4), expected)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n3\nAAAA\n2026-11-23T07:00:05Z\n",  # a short root
        TEXT.replace("\n3\n", "\n03\n"), TEXT.replace("\n3\n", "\n-3\n"),
        TEXT.replace("\n3\n", "\n\n"), TEXT.replace("\n3\n", "\n٣\n"),
        TEXT + "more\n", TEXT.replace("2026-11-23T07:00:05Z\n", ""),
        TEXT.replace("05Z", "05"), TEXT.replace("ERERE", "!RERE"),
    ],
)  # fmt: skip
def test_what_is_signed_and_no_checkpoint_is_refused_all_the_same(text):
    with pytest.raises(CheckpointError):
        read_checkpoint(f"{text}\n{LOG.signature(text)}", [LOG.verifier])


def test_signatures_below_a_note_are_each_what_they_say():
    good = LOG.sign(POINT)
    stranger = Signer("stranger", OTHER).signature(TEXT)
    assert read_checkpoint(good + stranger, [LOG.verifier]) == POINT
    assert read_checkpoint(f"{TEXT}\n{stranger}{LOG.signature(TEXT)}", [LOG.verifier]) == POINT
    forged = line(LOG.name, key_id(b"\x01") + OTHER.sign(TEXT.encode()))
    other_id = line(LOG.name, b"\x00\x00\x00\x00" + KEY.sign(TEXT.encode()))
    elsewhere = line("stranger", key_id(b"\x01") + KEY.sign(TEXT.encode()))
    for below in ("", "\n", "nonsense\n", good.rpartition("\n\n")[2] + "nonsense\n", forged,
                  other_id, stranger, elsewhere):  # fmt: skip
        with pytest.raises(CheckpointError):
            read_checkpoint(f"{TEXT}\n{below}", [LOG.verifier])
    with pytest.raises(CheckpointError, match="empty line"):
        read_checkpoint(TEXT, [LOG.verifier])


def test_nobodys_note_is_none_even_where_no_name_is_asked_for():
    """Whoever reads with no keys must not take bare text for a signed head."""
    for below in ("", "\n"):
        with pytest.raises(CheckpointError, match="not a signature"):
            read_checkpoint(f"{TEXT}\n{below}", [])


def test_a_key_with_a_plus_in_its_text_is_read():
    """One key in three has one: a partner with such a key could not be a witness."""
    key = Verifier("node.example", b"\xfb" * 32)
    assert "+" in key.text().split("+", 2)[2]
    assert Verifier.parse(key.text()) == key


def test_a_signature_is_written_in_one_way_alone():
    """Two texts for one signature would make two notes of one, and a copy look like a fork."""
    note, cosigned = LOG.sign(POINT), LOG.cosign(POINT, 1795000000)
    assert note.endswith("=\n")
    with pytest.raises(CheckpointError):
        read_checkpoint(note[:-1] + "=\n", [LOG.verifier])
    for wrong in (cosigned.rstrip("\n") + "X", cosigned + "X", cosigned[:-2] + "\n"):
        with pytest.raises(CheckpointError):
            LOG.verifier.check_cosignature(POINT, wrong)
    loose = LOG.verifier.text().rpartition("+")
    with pytest.raises(CheckpointError, match="name"):
        Verifier.parse(f"{loose[0]}+{loose[2][:4]}!{loose[2][4:]}")
    text = TEXT.replace("ERERE", "E!RERE", 1)
    with pytest.raises(CheckpointError, match="root"):
        read_checkpoint(f"{text}\n{LOG.signature(text)}", [LOG.verifier])


@pytest.mark.parametrize("first", [1, 255])
def test_a_moment_beyond_all_calendars_is_refused_like_any_wrong_signature(first):
    """A witness that signs for such a moment must not stop those that come after it."""
    at = int.from_bytes(bytes([first]) + (1795000000).to_bytes(8, "big")[1:], "big")
    good = b64decode(LOG.cosign(POINT, 1795000000).rstrip("\n").rpartition(" ")[2])
    swapped = line(LOG.name, good[:4] + bytes([first]) + good[5:])
    for wrong in (LOG.cosign(POINT, at), swapped):
        with pytest.raises(CheckpointError, match="did not sign"):
            LOG.verifier.check_cosignature(POINT, wrong)


# --- what a verifier says ------------------------------------------------------------------------

CONTENTS = [b"one", b"two", b"three"]


def point(size: int, root: bytes | None = None, minutes: int = 0) -> Checkpoint:
    frontier = Frontier()
    for content in CONTENTS[:size]:
        frontier.append(leaf_hash(content))
    own = frontier.root() if size else EMPTY_ROOT
    return Checkpoint(LOG.name, size, root or own, AT + timedelta(minutes=minutes))


def test_a_verifier_says_what_is_covered():
    assert verify(CONTENTS, []).covered == 0
    assert verify(CONTENTS, [point(0)]).covered == 0
    found = verify(CONTENTS, [point(1), point(3, minutes=1)])
    assert (found.covered, found.whole) == (3, True)
    assert verify(CONTENTS, [point(2)]).covered == 2


def test_a_verifier_says_each_fault_in_words():
    cut = verify(CONTENTS[:1], [point(3)])
    assert [(each.size, each.words) for each in cut.faults] == [
        (3, "the log was cut: it has 1 entries, 3 were signed for")
    ]
    assert cut.covered == 0
    changed = verify([b"x", *CONTENTS[1:]], [point(2)])
    assert [(each.size, each.words) for each in changed.faults] == [
        (2, "an entry among the first 2 was changed after they were signed for")
    ]
    forked = verify(CONTENTS, [point(2), point(2, ROOT)])
    assert "two different logs of 2 were signed" in [each.words for each in forked.faults]
    back = verify(CONTENTS, [point(3), point(1, minutes=1), point(2, minutes=2)])
    assert [each.words for each in back.faults] == [
        "the log went back from 3 entries to 1", "the log went back from 3 entries to 2",
    ]  # fmt: skip
    assert verify(CONTENTS, [point(2), point(2, minutes=1), point(3, minutes=2)]).whole


def test_going_back_is_measured_from_the_largest_log_that_was_signed():
    """Otherwise whoever cuts the log need only stay above the first checkpoint of all."""
    back = verify(CONTENTS, [point(1), point(3, minutes=1), point(2, minutes=2)])
    assert [(each.size, each.words) for each in back.faults] == [
        (2, "the log went back from 3 entries to 2")
    ]


# --- a witness -----------------------------------------------------------------------------------


def note(size: int, signer: Signer = LOG) -> str:
    return signer.sign(point(size))


def body(old: int, size: int, proof: tuple[bytes, ...] = ()) -> bytes:
    return Showing(old, proof, note(size)).text().encode()


def test_a_showing_is_this_text():
    shown = Showing(1, (ROOT,), "note")
    assert shown.text() == f"old 1\n{b64encode(ROOT).decode()}\n\nnote"
    assert Showing.parse(shown.text().encode()) == shown
    most = Showing(1, (ROOT,) * 63, "note")
    assert Showing.parse(most.text().encode()) == most
    assert Showing.parse(b"old 9999999999999999999\n\nnote").old == 9999999999999999999
    for wrong in (
        b"new 1\n\nnote", b"old 1\n", b"old 01\n\nnote", b"old -1\n\nnote", b"old\n\nnote",
        "old ٣\n\nnote".encode(), b"old 99999999999999999999\n\nnote", b"old 1\n!!\n\nnote",
        replace(most, proof=(ROOT,) * 64).text().encode(),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"shows|read"):
            Showing.parse(wrong)


def test_a_witness_answers_as_tlog_witness_has_it(tmp_path):
    witness = Witness(tmp_path / "notes", LOG.verifier, Signer("w", OTHER), lambda: 1795000000.9)
    plain = "text/plain; charset=utf-8"
    first = witness.answer(body(0, 1))
    assert (first.status, first.media_type) == (200, plain)
    assert first.text == Signer("w", OTHER).cosign(point(1), 1795000000)
    conflict = witness.answer(body(0, 2))
    assert (conflict.status, conflict.text, conflict.media_type) == (
        409, "1\n", "text/x.tlog.size",
    )  # fmt: skip
    beyond = witness.answer(body(3, 2))
    assert (beyond.status, beyond.text) == (400, "the old size is beyond the new one\n")
    stranger = Signer("other.example/ledger", KEY)
    text = Showing(1, (), stranger.sign(replace(point(2), origin=stranger.name))).text()
    unknown = witness.answer(text.encode())
    assert (unknown.status, unknown.text) == (404, "this witness does not follow that log\n")
    forged = witness.answer(Showing(1, (), note(2, Signer(LOG.name, OTHER))).text().encode())
    assert (forged.status, forged.text[-1]) == (403, "\n")
    assert (witness.answer(b"x").status, witness.answer(b"x").text[-1]) == (400, "\n")
    bad = witness.answer(body(1, 2, (ROOT,)))
    assert (bad.status, bad.text[-1]) == (422, "\n")
    same = witness.answer(body(1, 1))
    assert same.status == 200
    fork = Showing(1, (), LOG.sign(point(1, ROOT))).text().encode()
    assert (witness.answer(fork).status, witness.answer(fork).text) == (409, "1\n")
    unsigned = Witness(tmp_path / "others", LOG.verifier).answer(body(0, 1))
    assert (unsigned.status, unsigned.text, unsigned.media_type) == (200, "", plain)


def test_a_witness_reads_no_more_than_it_must(tmp_path):
    assert LONGEST_REQUEST == 16384
    witness = Witness(tmp_path / "notes", LOG.verifier)
    assert witness.answer(b"x" * 16384).status == 400
    assert witness.answer(b"x" * 16385).status == 413


@pytest.mark.parametrize(("length", "found"), [(8191, True), (8192, True), (8193, False)])
def test_the_end_of_a_file_is_looked_for_in_its_last_eight_kilobytes(tmp_path, length, found):
    """Rubbish without a note in it: a short file is one that a crash left, a long one is damage."""
    path = tmp_path / "notes"
    path.write_bytes(b"x" * length)
    file = WitnessFile(path, LOG.verifier)
    if found:
        assert file.newest() is None
    else:
        with pytest.raises(CheckpointError, match="end of the file"):
            file.newest()


def test_a_first_note_is_found_from_the_files_first_byte(tmp_path):
    path = tmp_path / "notes"
    file = WitnessFile(path, LOG.verifier)
    assert file.add(note(1), ()) == point(1)
    assert file.newest() == point(1)
    assert path.read_bytes() == note(1).encode() + b"\n\x0c\n"
    with path.open("ab") as half:
        half.write(b"half a no")
    # The proof of 1 to 2 is the second leaf's hash.
    file.add(note(2), (leaf_hash(CONTENTS[1]),))
    assert path.read_bytes() == b"".join(note(n).encode() + b"\n\x0c\n" for n in (1, 2))


def test_a_witness_may_follow_a_log_from_before_its_first_entry(tmp_path):
    """A new hub shows its empty log: a witness that failed here would never begin."""
    witness = Witness(tmp_path / "notes", LOG.verifier, Signer("w", OTHER), lambda: 1795000000.0)
    for _ in range(2):
        answer = witness.answer(body(0, 0))
        assert (answer.status, answer.text) == (
            200,
            Signer("w", OTHER).cosign(point(0), 1795000000),
        )
    assert witness.answer(body(0, 1)).status == 200


def test_a_first_note_that_a_crash_left_unfinished_leaves_nothing_behind(tmp_path):
    """One stray byte before the first note would make the whole file unreadable."""
    path = tmp_path / "notes"
    path.write_bytes(b"half a no")
    WitnessFile(path, LOG.verifier).add(note(1), ())
    assert path.read_bytes() == note(1).encode() + b"\n\x0c\n"
