"""The hub's contract for custodians and searchers, as Python calls: the SDK.

    hub = HubClient("https://hub.example.org", Credentials.from_file("our-client", "key.pem"))
    while item := hub.claim():
        hub.answer(item, "noRecords")

Every call raises ``HubAway`` when the hub did not answer (try again later, with what the exception
says in ``retry_after``) and ``Refused`` when it said no (trying again will not help).
"""

import json
import threading
import time
import uuid
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from joinedup.custodian.http import Http, HubAway, Reply

_TOKEN_PATH: Final = "/api/v1/auth/token"  # noqa: S105 - an address
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE: Final = 240  # seconds; the hub allows five minutes
_EARLY: Final = 30  # seconds before a token ends that a new one is asked for
_LARGEST_SHOWN: Final = 300

Outcome = Literal[
    "hasRecords", "noRecords", "temporaryError", "permanentError", "shared", "withheld"
]
WITHHELD_REASONS: Final = ("detriment", "not-relevant", "not-held", "other-legal-bar", "ask-us")
"""The closed list of the duty to share: Children Act 2004 s.16LA as amended, and "ask us"."""


class Refused(Exception):
    """The hub understood and said no: ``status``, ``slug`` (the problem's type), and its words."""

    def __init__(self, status: int, slug: str, detail: str) -> None:
        super().__init__(f"The hub refused ({status}, {slug}): {detail}")
        self.status = status
        self.slug = slug


class NotOurContract(HubAway):
    """What answered does not speak the hub's contract: a proxy's page, say, or a stray server."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A machine client and the private key by which it proves itself."""

    client_id: str
    key: RSAKey | ECKey | OKPKey = field(repr=False)
    key_id: str = ""

    @classmethod
    def from_file(cls, client_id: str, path: Path | str, key_id: str = "") -> "Credentials":
        """Read a private key in PEM; without ``key_id`` its RFC 7638 thumbprint is the id.

        Raises ``ValueError`` for what is no such key, and the operating system's errors.
        """
        pem = Path(path).read_bytes()
        for kind in (RSAKey, ECKey, OKPKey):
            try:
                key = kind.import_key(pem)
            except (JoseError, ValueError, TypeError):
                continue
            if key.is_private:
                return cls(client_id, key, key_id or key.thumbprint())
        raise ValueError(f"{path} holds no RSA, EC or Ed25519 private key in PEM")

    def assertion(self, audience: str) -> str:
        """Sign that we are this client (RFC 7523)."""
        now = int(time.time())
        algorithm = {"RSA": "RS512", "EC": "ES256"}.get(self.key.key_type, "EdDSA")
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "iat": now,
            "exp": now + _ASSERTION_LIFE,
            "jti": str(uuid.uuid4()),
        }
        header = {"alg": algorithm, "kid": self.key_id}
        return jwt.encode(header, claims, self.key, algorithms=[algorithm])


@dataclass(frozen=True, slots=True)
class Decision:
    """What the agency's own people decided at the hub about a record and a searcher.

    ``answer`` is ``share`` or a reason to withhold; ``items`` what to share (none named: all).
    """

    answer: str
    by: str
    at: datetime
    items: tuple[str, ...] = ()

    @classmethod
    def read(cls, body: Mapping[str, Any] | None) -> "Decision | None":
        """Read it as a work item has it; raises ``ValueError`` for what is none."""
        if body is None:
            return None
        answer, when = str(body["answer"]), datetime.fromisoformat(str(body["decidedAt"]))
        if answer not in ("share", *WITHHELD_REASONS) or when.tzinfo is None:
            raise ValueError("this is not a decision")
        return cls(answer, str(body["decidedBy"]), when, tuple(map(str, body.get("items") or ())))

    def body(self) -> dict[str, Any]:
        """As a work item has it."""
        return {
            "answer": self.answer,
            "items": list(self.items),
            "decidedAt": self.at.isoformat(),
            "decidedBy": self.by,
        }


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What the hub asks of a custodian: whether it holds records, or the content of one."""

    id: str
    kind: Literal["find", "fetch"]
    lease_token: str
    lease_expires_at: str
    correlation_id: str
    sui: str
    record_type: str
    searcher: str
    searcher_name: str
    purpose: str
    legal_basis: str
    reason: str = ""
    emergency: bool = False
    system_id: str = ""
    record_id: str = ""
    public_key: Mapping[str, Any] | None = None
    items: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    decision: Decision | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "WorkItem":
        """Read a claim's answer; raises ``NotOurContract``."""
        try:
            searcher = body["searcher"]
            kind = body["kind"]
            if kind not in ("find", "fetch"):
                raise NotOurContract("a work item is of a kind that is not known here")
            return cls(
                id=str(body["workItemId"]),
                kind=kind,
                lease_token=str(body["leaseToken"]),
                lease_expires_at=str(body["leaseExpiresAt"]),
                correlation_id=str(body["correlationId"]),
                sui=str(body["sui"]),
                record_type=str(body["recordType"]),
                searcher=str(searcher["code"]),
                searcher_name=str(searcher.get("name") or searcher["code"]),
                purpose=str(body["purpose"]),
                legal_basis=str(body["legalBasis"]),
                reason=str(body.get("reason") or ""),
                emergency=bool(body.get("emergency")),
                system_id=str(body.get("systemId") or ""),
                record_id=str(body.get("recordId") or ""),
                public_key=body.get("publicKey"),
                items=tuple(map(str, body.get("items") or ())),
                duties=tuple(map(str, body.get("duties") or ())),
                decision=Decision.read(body.get("decision")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotOurContract(f"a work item lacks a field ({error})") from error


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetch's state: the envelope once the custodian has answered, until then when to ask."""

    content: str = ""
    ask_again_in: float = 0.0
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipted:
    """An entry of the ledger, its place, and its proof."""

    content: bytes
    place: int
    proof: list[bytes]


class HubClient:
    """Calls one hub as one machine client; thread-safe."""

    def __init__(self, hub_url: str, credentials: Credentials, timeout: float = 30.0) -> None:
        self.url = hub_url.rstrip("/")
        self._credentials = credentials
        self._http = Http(self.url, timeout)
        self._lock = threading.Lock()
        self._token = ""
        self._token_ends = 0.0

    # ------------------------------------------------------------------ as a custodian
    def get_an_identifier(
        self, person: Mapping[str, str], records: Sequence[Mapping[str, str]] = (), key: str = ""
    ) -> dict[str, Any]:
        """Ask for a child's identifier; ``nhsNumber`` is in the answer for ``Match`` alone."""
        body = {"personSpecification": dict(person), "metadata": [dict(one) for one in records]}
        return self._object("POST", "/api/v1/get-an-identifier", body, key=key)

    def identifier_state(self, request_id: str) -> dict[str, Any]:
        """See what has come of a question that waits for a person's decision."""
        return self._object("GET", f"/api/v1/identifier-requests/{request_id}")

    def answer_for(self, record_types: Sequence[str]) -> dict[str, Any]:
        """Say about which record types this custodian is to be asked, and about no others."""
        body = {"recordTypes": sorted(record_types)}
        return self._object("PUT", "/api/v2/register/record-types", body)

    def put_pointers(
        self, pointers: Sequence[Mapping[str, Any]], *, refreshed: str = "", batch: str = ""
    ) -> dict[str, Any]:
        """Say of up to 10,000 records that they are held; saying it again does no harm."""
        body: dict[str, Any] = {"pointers": [dict(one) for one in pointers]}
        body |= {"refreshed": refreshed} if refreshed else {}
        body |= {"batch": batch} if batch else {}
        return self._object("PUT", "/api/v2/register/pointers", body)

    def withdraw_pointers(self, pointers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Say of records that they are held no more."""
        body = {"pointers": [dict(one) for one in pointers]}
        return self._object("POST", "/api/v2/register/withdraw", body)

    def complete_refresh(self, system_id: str, record_type: str, as_of: str) -> dict[str, Any]:
        """Say that all there is was refreshed since ``as_of``: the rest is withdrawn."""
        body = {"systemId": system_id, "recordType": record_type, "asOf": as_of}
        return self._object("POST", "/api/v2/register/complete", body)

    def work_available(self) -> bool:
        """Whether there is work; cheaper than claiming."""
        return self._call("HEAD", "/api/v2/work/available").status == 200

    def claim(self, record_types: Sequence[str] = (), kinds: Sequence[str] = ()) -> WorkItem | None:
        """Take a work item, or None when there is none; ``claim_or_wait`` says for how long."""
        item, _ = self.claim_or_wait(record_types, kinds)
        return item

    def claim_or_wait(
        self, record_types: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> tuple[WorkItem | None, float | None]:
        """Take a work item; without one, the seconds after which the hub wants to be asked."""
        body: dict[str, Any] = {}
        body |= {"recordTypes": list(record_types)} if record_types else {}
        body |= {"kinds": list(kinds)} if kinds else {}
        reply = self._call("POST", "/api/v2/work/claim", body)
        if reply.status == 204:
            return None, reply.retry_after
        return WorkItem.read(_read_object(reply)), None

    def renew(self, item: WorkItem) -> str:
        """Hold an item longer; gives when the lease now ends."""
        body = {"workItemId": item.id, "leaseToken": item.lease_token}
        return str(self._object("POST", "/api/v2/work/lease/renew", body)["leaseExpiresAt"])

    def answer(
        self,
        item: WorkItem,
        outcome: Outcome,
        *,
        records: Sequence[Mapping[str, Any]] = (),
        content: str = "",
        reason: str = "",
    ) -> dict[str, Any]:
        """Return an item's result; sending the same one again does no harm."""
        body: dict[str, Any] = {
            "workItemId": item.id,
            "leaseToken": item.lease_token,
            "outcome": outcome,
        }
        if outcome == "hasRecords":
            body["records"] = [dict(one) for one in records]
        body |= {"content": content} if content else {}
        body |= {"reason": reason} if reason else {}
        return self.send_answer(body)

    def send_answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result that was made before."""
        return self._object("POST", "/api/v2/work/result", body)

    # ------------------------------------------------------------------ as a witness
    def checkpoint(self, since: int) -> tuple[str, list[bytes]] | None:
        """Give the ledger's newest checkpoint, and the proof that it continues that of a size.

        None while nothing was signed for yet.
        """
        reply = self._call("GET", f"/api/v1/ledger/checkpoint?since={since}")
        if reply.status == 202:
            return None
        body = _read_object(reply)
        return _text(body, "checkpoint"), _hashes(body)

    def countersign(self, size: int, signature: str) -> None:
        """Bring our signature over the checkpoint of a size (C2SP tlog-cosignature)."""
        body = {"size": size, "signature": signature}
        self._call("POST", "/api/v1/ledger/countersignatures", body)

    def receipts(self, after: int, size: int) -> tuple[list[Receipted], int]:
        """Give what was disclosed of our records beyond a place of the log, and up to which.

        Each with its proof in the log of ``size`` entries, which the caller has to check.
        """
        path = f"/api/v1/ledger/receipts?after={after}&size={size}"
        body = self._object("GET", path)
        found, up_to = body.get("disclosures"), body.get("upTo")
        if not isinstance(found, list) or not isinstance(up_to, int) or not after < up_to < size:
            raise NotOurContract("its answer lists no receipts")
        try:
            read = [
                Receipted(b64decode(one["content"], validate=True), int(one["place"]), _hashes(one))
                for one in found
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise NotOurContract("a receipt of its answer cannot be read") from error
        return read, up_to

    # ------------------------------------------------------------------ as a searcher
    def search(self, question: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """Ask who holds records of a child: ``sui``, ``purpose``, ``legalBasis``, ``reason``..."""
        return self._object("POST", "/api/v2/searches", question, key=key or str(uuid.uuid4()))

    def results(self, search_id: str) -> dict[str, Any]:
        """Give a search's results so far, and how each custodian stands."""
        return self._object("GET", f"/api/v2/searches/{search_id}/results")

    def cancel(self, search_id: str) -> None:
        """End a search."""
        self._call("DELETE", f"/api/v2/searches/{search_id}")

    def fetch(self, fetch_id: str, request: Mapping[str, Any], key: str) -> Fetched:
        """Ask for a record's content; with the same ``key`` as often as it takes."""
        reply = self._call("POST", f"/api/v1/records/{fetch_id}", request, key=key)
        if reply.status == 202:
            return Fetched(ask_again_in=reply.retry_after or 1.0)
        body = _read_object(reply)
        return Fetched(str(body.get("content") or ""), 0.0, body)

    # ------------------------------------------------------------------ beneath
    def raw(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Call anything and give the answer as it came, errors too."""
        return self._send(method, path, body, "")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _object(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
    ) -> dict[str, Any]:
        return _read_object(self._call(method, path, body, key=key))

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
    ) -> Reply:
        reply = self._send(method, path, body, key)
        if reply.status == 401:  # revoked, or the hub has a new key: a new token says which
            with self._lock:
                self._token = ""
            reply = self._send(method, path, body, key)
        if reply.status >= 500 or reply.status == 429:
            raise HubAway(f"it said {reply.status}", reply.retry_after)
        if reply.status >= 300:
            raise _refused(reply)
        return reply

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, key: str) -> Reply:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Accept": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        if body is None:
            return self._http.send(method, path, headers)
        headers["Content-Type"] = "application/json"
        return self._http.send(method, path, headers, json.dumps(body).encode())

    def _bearer(self) -> str:
        with self._lock:
            if time.monotonic() >= self._token_ends - _EARLY:
                self._token = ""
            if not self._token:
                self._token, life = self._ask_for_token()
                self._token_ends = time.monotonic() + life
            return self._token

    def _ask_for_token(self) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._credentials.assertion(self.url + _TOKEN_PATH),
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        reply = self._http.send("POST", _TOKEN_PATH, headers, urlencode(form).encode())
        if reply.status >= 500 or reply.status == 429:
            raise HubAway(f"it said {reply.status} when asked for a token", reply.retry_after)
        if reply.status != 200:
            raise _refused(reply)
        body = _read_object(reply)
        token, life = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not isinstance(life, int | float):
            raise NotOurContract("the answer to a token request holds no token")
        return token, float(life)


def _read_object(reply: Reply) -> dict[str, Any]:
    """Read an answer's JSON object; what is none did not come from a hub."""
    if not reply.body:
        return {}
    try:
        body = json.loads(reply.body)
    except ValueError as error:
        raise NotOurContract("its answer is not JSON") from error
    if not isinstance(body, dict):
        raise NotOurContract("its answer is not a JSON object")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise NotOurContract(f"its answer holds no {name}")
    return value


def _hashes(body: Mapping[str, Any]) -> list[bytes]:
    try:
        return [b64decode(one, validate=True) for one in body["proof"]]
    except (KeyError, TypeError, ValueError) as error:
        raise NotOurContract("a proof cannot be read") from error


def _refused(reply: Reply) -> Refused:
    try:
        body = json.loads(reply.body or b"{}")
        slug = str(body.get("type") or body.get("error") or "")
        detail = str(body.get("detail") or body.get("error_description") or "no reason given")
    except (ValueError, AttributeError):
        slug, detail = "", "the answer is not problem details"
    slug = slug.rpartition("/")[2].rpartition(":")[2] or "unknown"
    return Refused(reply.status, slug, detail[:_LARGEST_SHOWN])
