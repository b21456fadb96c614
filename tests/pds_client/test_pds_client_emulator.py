"""The client against the PDS emulator: real people, credentials, limits and faults."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from joinedup.pds.budget import open_budget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig
from joinedup.pds.emulator.serve import Emulator, running_emulator
from joinedup.pds.related import Related
from joinedup.pds.search import Found, NotFound, Refused, Search, Unavailable
from tests.pds_client.scripted_pds import patient

NUMBER, OTHER = "9990000018", "9990000026"
BORN = date(2015, 4, 12)
SEARCH = Search(family="Quillfeather", given=("Iolanthe",), birth_from=BORN, birth_to=BORN)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    child = patient(NUMBER, gender="female")
    brother = patient(OTHER, name=[{"use": "usual", "given": ["Peregrine"], "family": "Pike"}])
    mother = {
        "resourceType": "RelatedPerson",
        "id": "M1",
        "patient": {"reference": f"Patient/{NUMBER}"},
        "relationship": [{"coding": [{"code": "MTH"}]}],
        "name": [{"use": "usual", "given": ["Ottoline"], "family": "Quillfeather"}],
    }
    file = tmp_path / "people.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in (child, brother, mother)))
    return file


@pytest.fixture
def emulator(people: Path) -> Iterator[Emulator]:
    with running_emulator(people, tps=50, auth=True) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[PdsClient]:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JOINEDUP_PDS_TIMEOUT", "1")
    config = PdsConfig.from_environment()
    made = PdsClient(config, open_budget(40, config.budget_key, None))
    yield made
    made.close()


def test_a_child_is_found_with_real_credentials(client: PdsClient) -> None:
    answer = client.search(SEARCH)
    assert isinstance(answer, Found)
    assert (answer.patient.nhs_number, answer.score) == (NUMBER, 1.0)
    assert isinstance(client.read(NUMBER), Found)
    assert client.read("9990000042") == NotFound()


def test_related_people_are_found(client: PdsClient) -> None:
    answer = client.related_persons(NUMBER)
    assert isinstance(answer, Related)
    assert answer.people[0].relationships == ("MTH",)
    assert client.related_persons(OTHER) == Related(())


def test_too_little_to_search_with_is_refused(client: PdsClient) -> None:
    answer = client.search(Search(given=("Iolanthe",), birth_from=BORN, birth_to=BORN))
    assert isinstance(answer, Refused)
    assert answer.status == 400


FAULTS = [
    "429:requests=1",
    "429:requests=1,retry_after=1",
    "500:requests=2",
    "503:requests=1,retry_after=0",
    "slow:requests=1,seconds=1.5",
    "cut:requests=2",
    "malformed:requests=2",
    "html:requests=2",
    "token-down:requests=2",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_loses_nobody(client: PdsClient, emulator: Emulator, fault: str) -> None:
    emulator.set_fault(fault)
    answer = client.search(SEARCH)
    assert isinstance(answer, Found)
    assert answer.patient.nhs_number == NUMBER


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "malformed", "html", "token-down"])
def test_a_lasting_fault_is_unavailable_and_never_nobody(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JOINEDUP_PDS_ATTEMPTS", "2")
    emulator.set_fault(fault)
    config = PdsConfig.from_environment()
    client = PdsClient(config, open_budget(0, config.budget_key, None))
    try:
        assert isinstance(client.search(SEARCH), Unavailable)
        assert isinstance(client.read(NUMBER), Unavailable)
    finally:
        client.close()


def test_without_credentials_it_says_which_to_set(emulator: Emulator) -> None:
    client = PdsClient(PdsConfig(emulator.url), open_budget(0, "x", None))
    answer = client.search(SEARCH)
    client.close()
    assert isinstance(answer, Unavailable)
    assert "JOINEDUP_PDS_API_KEY" in answer.reason


def test_an_unknown_key_says_what_to_check(emulator: Emulator, key_file: Path) -> None:
    assert emulator.client is not None
    config = PdsConfig(
        emulator.url,
        api_key=emulator.client.api_key,
        key_id=emulator.client.key_id,
        private_key_file=key_file,  # of somebody else
    )
    client = PdsClient(config, open_budget(0, "x", None))
    answer = client.search(SEARCH)
    client.close()
    assert isinstance(answer, Unavailable)
    assert "JOINEDUP_PDS_PRIVATE_KEY_FILE" in answer.reason
