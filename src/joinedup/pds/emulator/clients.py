"""Registering client applications with the emulator, and making one to try it with."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from joinedup.pds.emulator.tokens import Client

_KEY_BITS = 4096  # what the NHS asks for


class ClientError(ValueError):
    """A client registration that cannot be used; the text says why and how to write it."""


@dataclass(frozen=True, slots=True)
class MadeClient:
    """A client whose private key is in a file, ready to be used by ``PdsConfig``."""

    api_key: str
    key_id: str
    private_key_file: Path

    def environment(self, url: str) -> dict[str, str]:
        """The environment variables with which Joinedup uses this client at ``url``."""
        return {
            "JOINEDUP_PDS_URL": url,
            "JOINEDUP_PDS_API_KEY": self.api_key,
            "JOINEDUP_PDS_KEY_ID": self.key_id,
            "JOINEDUP_PDS_PRIVATE_KEY_FILE": str(self.private_key_file),
        }


def read_clients(registrations: Iterable[str]) -> dict[str, Client]:
    """Read registrations ``API-KEY:KEY-ID:public-key.pem`` or ``API-KEY:jwks.json``."""
    keys: dict[str, dict[str, rsa.RSAPublicKey]] = {}
    for registration in registrations:
        match registration.split(":", 2):
            case [api_key, key_id, file]:
                keys.setdefault(api_key, {})[key_id] = _read_pem(Path(file))
            case [api_key, file]:
                keys.setdefault(api_key, {}).update(_read_jwks(Path(file)))
            case _:
                raise ClientError(
                    "a client is written API-KEY:KEY-ID:public-key.pem or API-KEY:jwks.json"
                )
    return {api_key: Client(api_key, held) for api_key, held in keys.items()}


def make_client(private_key_file: Path, *, bits: int = _KEY_BITS) -> MadeClient:
    """Create a key pair; the private key goes into a new file only its owner may read."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        private_key_file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(private_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ClientError(
            f"{private_key_file} exists: give the path of a new file, or register the key that is "
            "there with --client"
        ) from error
    except OSError as error:
        raise ClientError(f"{private_key_file} cannot be written ({error.strerror})") from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return _named(private_key_file)


def open_client(private_key_file: Path) -> MadeClient:
    """The client whose key is in this file, made now if the file is not there."""
    return _named(private_key_file) if private_key_file.exists() else make_client(private_key_file)


def registered(made: MadeClient) -> Client:
    """The registration of a client made here."""
    try:
        key = serialization.load_pem_private_key(made.private_key_file.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ClientError(f"{made.private_key_file}: not a private key without password") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ClientError(f"{made.private_key_file}: not an RSA key")
    return Client(made.api_key, {made.key_id: key.public_key()})


def _named(private_key_file: Path) -> MadeClient:
    return MadeClient("joinedup-emulator-client", "emulator-1", private_key_file)


def _read_pem(file: Path) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ClientError(f"{file}: not a readable public key in PEM form") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ClientError(f"{file}: not an RSA key; the NHS takes RSA keys of 4096 bits")
    return key


def _read_jwks(file: Path) -> dict[str, rsa.RSAPublicKey]:
    try:
        held = KeySet.import_key_set(json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise ClientError(f"{file}: not a readable JSON Web Key Set") from error
    return {
        str(key.kid): key.public_key for key in held.keys if isinstance(key, RSAKey) and key.kid
    }
