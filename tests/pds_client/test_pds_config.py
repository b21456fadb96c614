"""Settings that cannot work are said before anything is asked."""

from pathlib import Path

import pytest

from joinedup.pds.config import PdsConfig, PdsConfigError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "URL",
        "API_KEY",
        "KEY_ID",
        "PRIVATE_KEY_FILE",
        "ODS_CODE",
        "ALLOW_HTTP",
        "TIMEOUT",
    ):
        monkeypatch.delenv(f"JOINEDUP_PDS_{name}", raising=False)


def test_everything_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    monkeypatch.setenv("JOINEDUP_PDS_URL", " https://int.api.service.nhs.uk/ ")
    monkeypatch.setenv("JOINEDUP_PDS_API_KEY", "app-secret")
    monkeypatch.setenv("JOINEDUP_PDS_KEY_ID", "int-1")
    monkeypatch.setenv("JOINEDUP_PDS_PRIVATE_KEY_FILE", str(key_file))
    monkeypatch.setenv("JOINEDUP_PDS_ODS_CODE", "RR8")
    monkeypatch.setenv("JOINEDUP_PDS_TIMEOUT", "2.5")
    config = PdsConfig.from_environment()
    assert config.token_url == "https://int.api.service.nhs.uk/oauth2/token"
    assert config.fhir_url == "https://int.api.service.nhs.uk/personal-demographics/FHIR/R4"
    assert (config.api_key, config.key_id, config.ods_code) == ("app-secret", "int-1", "RR8")
    assert config.private_key_file == key_file
    assert config.timeout == 2.5
    assert "app-secret" not in repr(config)


def test_the_address_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_PDS_URL", "https://one.example")
    assert PdsConfig.from_environment("https://two.example").base_url == "https://two.example"


@pytest.mark.parametrize(
    "given",
    [
        "https://pds.example",
        "https://pds.example/",
        "https://pds.example/personal-demographics",
        "https://pds.example/personal-demographics/FHIR/R4/",
        "https://pds.example/oauth2/token",
    ],
)
def test_the_address_may_be_copied_from_documentation(given: str) -> None:
    assert PdsConfig(given).base_url == "https://pds.example"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "pds.example",
        "ftp://pds.example",
        "https://",
        "https://me:secret@pds.example",
        "https://pds.example/?family=x",
        "https://pds.example:port",
        "http://pds.example",
        "http://192.0.2.1:9000",
    ],
)
def test_an_address_that_cannot_be_right_says_how_to_write_it(given: str) -> None:
    with pytest.raises(PdsConfigError, match="https://") as caught:
        PdsConfig(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given", ["http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000"]
)
def test_plain_http_is_for_this_machine(given: str) -> None:
    assert PdsConfig(given).base_url == given
    assert PdsConfig("http://emulator:9000", allow_http=True)


def test_no_address_names_both_ways_to_give_one() -> None:
    with pytest.raises(PdsConfigError, match=r"--pds-url .*JOINEDUP_PDS_URL"):
        PdsConfig.from_environment()


@pytest.mark.parametrize("given", ["api_key", "key_id", "private_key_file"])
def test_half_of_the_credentials_names_the_other_half(given: str, key_file: Path) -> None:
    values = {"api_key": "a", "key_id": "b", "private_key_file": key_file}
    with pytest.raises(PdsConfigError) as one:
        PdsConfig("https://pds.example", **{given: values[given]})
    with pytest.raises(PdsConfigError) as two:
        PdsConfig("https://pds.example", **{k: v for k, v in values.items() if k != given})
    name = f"JOINEDUP_PDS_{given.upper()}"
    assert name not in str(one.value)
    assert name in str(two.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(PdsConfigError, match=r"missing\.pem"):
        PdsConfig("https://p.example", api_key="a", key_id="b", private_key_file=missing)


@pytest.mark.parametrize("code", ["RR8 X", "RR8\r\nX-Evil: 1", "Ünicode", "A" * 20])
def test_an_organisation_code_is_fit_for_a_header(code: str) -> None:
    with pytest.raises(PdsConfigError, match="ODS_CODE"):
        PdsConfig("https://pds.example", ods_code=code)


def test_a_number_that_is_none_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_PDS_TIMEOUT", "soon")
    with pytest.raises(PdsConfigError, match="JOINEDUP_PDS_TIMEOUT"):
        PdsConfig.from_environment("https://pds.example")


@pytest.mark.parametrize("setting", ["timeout", "deadline", "attempts", "rest", "connections"])
def test_patience_is_above_nothing(setting: str) -> None:
    with pytest.raises(PdsConfigError, match=setting):
        PdsConfig("https://pds.example", **{setting: 0})


def test_applications_have_budgets_of_their_own(key_file: Path) -> None:
    def key(url: str, api_key: str) -> str:
        return PdsConfig(url, api_key=api_key, key_id="k", private_key_file=key_file).budget_key

    keys = {
        key("https://a.example", "1"),
        key("https://a.example", "2"),
        key("https://b.example", "1"),
    }
    assert len(keys) == 3
    assert key("https://a.example/", "1") in keys
    assert "1" not in {key("https://a.example", "1")}
