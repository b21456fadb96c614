"""A scripted PDS on this machine, a signing key, clients and a database of the tests' own."""

import itertools
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from joinedup.database import database_url, leave_database
from joinedup.pds.budget import LocalBudget, RateBudget
from joinedup.pds.client import PdsClient
from joinedup.pds.config import PdsConfig
from tests.pds_client.scripted_pds import Handler, Script, Server, bundle, reply

MakeClient = Callable[..., PdsClient]


@pytest.fixture
def pds() -> Iterator[Script]:
    script = Script()
    server = Server(("127.0.0.1", 0), Handler)
    server.script = script
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    numbers = itertools.count()
    script.tokens_then(
        lambda handler: reply(200, {"access_token": f"token-{next(numbers)}", "expires_in": "599"})(
            handler
        )
    )
    yield script
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def key_file(private_key: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "private.pem"
    file.write_bytes(
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
def make_client(pds: Script) -> Iterator[MakeClient]:
    """Make a client that is impatient enough for tests."""
    made: list[PdsClient] = []

    def make(budget: RateBudget | None = None, **settings: object) -> PdsClient:
        quick: dict[str, object] = {
            "base_url": pds.url,
            "timeout": 2.0,
            "attempts": 3,
            "backoff": 0.01,
            "backoff_limit": 0.02,
            "failures_before_rest": 1000,
        }
        config = PdsConfig(**{**quick, **settings})  # type: ignore[arg-type]
        client = PdsClient(config, budget or LocalBudget(0))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """An embedded PostgreSQL in a folder that no other run uses.

    Not below pytest's own folder: each pytest that starts closes that to other users, and the
    database of root runs as another user.
    """
    with (
        tempfile.TemporaryDirectory(prefix="joinedup-test-") as folder,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.delenv("DATABASE_URL", raising=False)
        environment.setenv("JOINEDUP_STATE", folder)
        yield database_url()
        leave_database()


@pytest.fixture
def tls_server(private_key: rsa.RSAPrivateKey, key_file: Path, tmp_path: Path) -> Iterator[str]:
    """HTTPS under a certificate that nobody vouches for."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private_key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    server = Server(("127.0.0.1", 0), Handler)
    server.script = Script(acts=[reply(200, bundle())])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
