"""A practitioner at their desk, and custodians that answer them."""

import re
from dataclasses import dataclass
from typing import Any

from joinedup.custodian.envelope import seal
from joinedup.standards.schemas import example

SUI, OTHER_SUI = "9990000018", "9990000026"
ALL_TYPES = [
    "personal.details", "childrens-services.details", "education.details", "health.details",
    "crime-justice.details",
]  # fmt: skip
PURPOSES = ["section-47", "section-17", "concern", "urgent-care", "missing", "police-emergency"]
WHY = {
    "reason": "section-47",
    "case_reference": "CASE-42",
    "explanation": "A referral from a school this morning",
}


def record(record_type: str, sui: str = SUI, **payload: Any) -> dict[str, Any]:
    found = example(record_type)
    return {**found, "personId": sui, "payload": {**found["payload"], **payload}}


@dataclass
class Desk:
    """Somebody signed in, with their browser."""

    http: Any
    membership: Any

    @classmethod
    def of(cls, organisation: Any, role: str) -> "Desk":
        from tests.hub.organisations.people import browser, member

        person = member(organisation, role)
        return cls(browser(person), person)

    def get(self, path: str, **given: str) -> Any:
        return self.http.get(path, given)

    def post(self, path: str, **given: Any) -> Any:
        return self.http.post(path, given)

    def search(self, sui: str = SUI, **why: str) -> str:
        """Give a reason and a number; gives the search's address."""
        assert self.post("/find/reason", **{**WHY, **why}).status_code == 302
        answer = self.post("/find/number", nhs_number=f"{sui[:3]} {sui[3:6]} {sui[6:]}")
        assert answer.status_code == 302, text(answer)
        return str(answer["Location"])

    def links(self, search: str) -> list[str]:
        """Where records can be asked for."""
        return re.findall(r'\?record=([\w-]+)"', self.get(search).content.decode())

    def ask(self, search: str, fetch_id: str, **given: Any) -> Any:
        form = {"record": fetch_id, "items": ["everything"], "why": "To plan a visit today"}
        return self.post(f"{search}/ask", **{**form, **given})


def text(answer: Any) -> str:
    """What a page says, in one line."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace("&nbsp;", " ")


def answer_finds(region: Any, **records: str) -> None:
    """Every node answers what waits: with the record named for its type, or with none."""
    for node in region.nodes.values():
        while (claimed := node.claim(kinds=["find"])).status_code == 201:
            item = claimed.json()
            kind = item["recordType"]
            name = records.get(f"{node.organisation.ods_code}_{kind.partition('.')[0]}".lower())
            if name:
                one = {"systemId": "main", "recordId": name, "recordType": kind}
                more = {"records": [{**one, "firstSeen": "2024-09-02", "lastSeen": "2026-11-02"}]}
                assert node.answer(item, "hasRecords", **more).status_code == 202
            else:
                assert node.answer(item, "noRecords").status_code == 202


def share(region: Any, sealed: Any = None, **payload: Any) -> int:
    """Every node shares the example of what it is asked for; gives how many."""
    count = 0
    for node in region.nodes.values():
        while (claimed := node.claim(kinds=["fetch"])).status_code == 201:
            item = claimed.json()
            given = sealed or record(item["recordType"], item["sui"], **payload)
            content = seal(given, item["publicKey"], item["workItemId"])
            assert node.answer(item, "shared", content=content).status_code == 202
            count += 1
    return count


def withhold(region: Any, reason: str) -> None:
    for node in region.nodes.values():
        while (claimed := node.claim(kinds=["fetch"])).status_code == 201:
            assert node.answer(claimed.json(), "withheld", reason=reason).status_code == 202
