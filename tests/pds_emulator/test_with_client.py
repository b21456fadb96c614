"""Our own PDS client against the emulator, and the engine as a source without HTTP."""

import json
from datetime import date

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import KeySet, RSAKey

from joinedup.pds.budget import open_budget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig
from joinedup.pds.emulator.clients import ClientError, make_client, read_clients
from joinedup.pds.emulator.serve import running_emulator
from joinedup.pds.emulator.source import InProcessSource
from joinedup.pds.search import Found, Invalidated, NotFound, Refused, Search, TooMany
from tests.pds_emulator.people import name, numbers, patient, write

A, B, C, D, E, F = numbers(6)
BORN = date(2012, 3, 4)


def resources():
    return [
        patient(A),
        patient(B, name=[name("Twin", "Jack")]),
        patient(C, name=[name("Twin", "John")]),
        patient(D, active=False),
        patient(E, active=False, link=[{"other": {"reference": f"Patient/{A}"},
                                        "type": "replaced-by"}]),
    ]  # fmt: skip


def exact(**parts):
    return Search(birth_from=BORN, birth_to=BORN, **parts)


SEARCHES = [
    exact(family="Smith", given=("Jack",), postcode="LS1 4AP", gender="male"),
    exact(family="Smyth", given=("Jak",), fuzzy=True),
    exact(family="Twin"),
    exact(family="Nobody"),
    exact(given=("Jack",)),
    exact(family="S*"),
]
NUMBERS = [A, D, E, F, "9990000000"]


def test_source_in_process_says_what_the_records_say(engine_of):
    source = InProcessSource(engine_of(*resources()))
    kinds = [type(source.search(search)) for search in SEARCHES]
    assert kinds == [Found, Found, TooMany, NotFound, Refused, Refused]
    assert source.search(SEARCHES[0]).score == 1.0
    assert source.search(SEARCHES[0]).patient.nhs_number == A
    assert [type(source.read(number)) for number in NUMBERS] == [
        Found, Invalidated, Found, NotFound, Refused,
    ]  # fmt: skip
    assert source.read(E).patient.nhs_number == A


def comparable(answer):
    return (answer.status, answer.code) if isinstance(answer, Refused) else answer


@pytest.mark.parametrize("auth", [False, True])
def test_source_in_process_and_client_over_http_agree(engine_of, tmp_path, auth, monkeypatch):
    engine = engine_of(*resources())
    source = InProcessSource(engine)
    file = write(tmp_path, *resources())
    with running_emulator(file, tps=0, auth=auth) as emulator:
        for variable, value in emulator.environment.items():
            monkeypatch.setenv(variable, value)
        config = PdsConfig.from_environment(emulator.url)
        client = PdsClient(config, open_budget(0, "test", None))
        try:
            for search in SEARCHES:
                assert comparable(client.search(search)) == comparable(source.search(search))
            for number in NUMBERS:
                assert comparable(client.read(number)) == comparable(source.read(number))
        finally:
            client.close()
        assert emulator.stats()["by_outcome"].get("unauthorised", 0) == 0
        assert emulator.stats()["by_kind"].get("token", 0) == (1 if auth else 0)


def test_key_file_is_private_and_never_overwritten(tmp_path):
    file = tmp_path / "deep" / "key.pem"
    made = make_client(file, bits=2048)
    assert file.stat().st_mode & 0o077 == 0
    assert made.environment("http://x")["JOINEDUP_PDS_PRIVATE_KEY_FILE"] == str(file)
    with pytest.raises(ClientError, match="exists"):
        make_client(file, bits=2048)


def test_clients_register_by_pem_or_key_set(tmp_path):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    jwks = tmp_path / "keys.json"
    jwks.write_text(json.dumps(KeySet([RSAKey.import_key(key, {"kid": "two"})]).as_dict()))
    clients = read_clients([f"app:one:{pem}", f"app:{jwks}"])
    assert clients["app"].keys.keys() == {"one", "two"}
    assert (
        clients["app"].keys["one"].public_numbers() == clients["app"].keys["two"].public_numbers()
    )


@pytest.mark.parametrize("wrong", ["app", "app:kid:/no/such/file", "app:/no/such/file.json"])
def test_wrong_registrations_are_said(wrong):
    with pytest.raises(ClientError):
        read_clients([wrong])
