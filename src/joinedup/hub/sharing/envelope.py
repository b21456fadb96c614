"""An item on its way to its reader: closed before it is stored, so that it is never here in clear.

The same envelope as a record's (``joinedup.custodian.envelope``): JWE in compact form, closed to
the reader's key, and named after the item it answers. What is in it was written or chosen by a
person, so it is not by a record type's schema.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from joserfc import jwe
from joserfc.errors import JoseError

from joinedup.custodian.envelope import (
    ALGORITHM,
    ENCRYPTION,
    EnvelopeError,
    Key,
    read_public_key,
)
from joinedup.people.nhs_number import is_plain_nhs_number

TYPE: Final = "joinedup-item"
LARGEST_FILE: Final = 1024 * 1024
_REGISTRY: Final = jwe.JWERegistry(algorithms=[ALGORITHM, ENCRYPTION], strict_check_header=False)


class Standing(StrEnum):
    """How sure what is said is (trust rule L10)."""

    FACT = "fact"
    OPINION = "opinion"
    HEARSAY = "hearsay"


@dataclass(frozen=True, slots=True)
class Item:
    """What is shared of one item. ``source`` is empty where whoever said it is protected (L9)."""

    sui: str
    text: str
    standing: str
    as_at: str = ""
    source: str = ""
    file_name: str = ""
    file_type: str = ""
    file: str = ""

    def file_bytes(self) -> bytes:
        """The file's content; raises ``EnvelopeError`` when it is not what it must be."""
        try:
            return base64.b64decode(self.file, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EnvelopeError("the file cannot be read") from error


def close(item: Item, public_key: Mapping[str, Any], id: UUID) -> str:
    """Close an item up for who holds the other half of the key; raises ``EnvelopeError``.

    It carries the child's number (Children Act 2004 s.16LC): without one nothing is closed.
    """
    if not is_plain_nhs_number(item.sui):
        raise EnvelopeError("what is shared has to carry the child's NHS number")
    header = {"alg": ALGORITHM, "enc": ENCRYPTION, "typ": TYPE, "workItemId": str(id)}
    text = json.dumps(asdict(item), ensure_ascii=False).encode()
    try:
        return jwe.encrypt_compact(header, text, read_public_key(public_key), registry=_REGISTRY)
    except (JoseError, ValueError) as error:
        raise EnvelopeError("the reader's key cannot be used") from error


def unclose(content: str, key: Key, id: UUID, sui: str) -> Item:
    """Give the item, proven to be the answer to this one and of this child.

    Raises ``EnvelopeError``.
    """
    try:
        closed = jwe.decrypt_compact(content, key, registry=_REGISTRY)
        found = json.loads(closed.plaintext or b"")
        item = Item(**{name: str(value) for name, value in found.items()})
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise EnvelopeError("this cannot be opened with your key") from error
    header = closed.headers()
    if header.get("typ") != TYPE or header.get("workItemId") != str(id) or item.sui != sui:
        raise EnvelopeError("what came answers something else")
    return item
