"""An invented agency: its files, its configuration, and a hub that is a stub."""

from __future__ import annotations

import os
import textwrap
import time
from pathlib import Path

from joserfc.jwk import ECKey

from joinedup.custodian.conformance.stub import StubHub

KEY = ECKey.generate_key("P-256")
AMY, BEN = "9990000018", "9990000026"
NUMBERS = {"Smith": AMY, "Okoro": BEN}

CHILDREN = """\
LAchildID,GivenName,Surname,DOB,PostCode,NhsNumber
C1,Amy,Smith,04/03/2012,LS1 4AP,
C2,Ben,Okoro,01/09/2014,LS2 7AA,
C3,Cara,Nobody,02/02/2015,LS2 7AB,
"""

EVENTS = """\
{"events": [
 {"person_ref": "C1", "event_ref": "E1", "event_type": "missing", "event_date": "2026-01-05",
  "role": "subject", "given": "Amy", "family": "Smith", "birth_date": "2012-03-04"},
 {"person_ref": "C1", "event_ref": "E2", "event_type": "police-protection",
  "event_date": "2026-02-06", "role": "subject"}
]}
"""


def settled(path: Path, text: str, ago: float = 60) -> Path:
    """A file that was finished a while ago, put there as a whole."""
    part = path.with_name(f".{path.name}.writing")
    part.write_text(text, "utf-8")
    when = time.time() - ago
    os.utime(part, (when, when))
    part.replace(path)
    return path


def write_config(home: Path, hub_url: str, **changes: str) -> Path:
    """A configuration file; ``changes`` replaces ``share``, ``node`` or ``systems``."""
    (home / "key.pem").write_bytes(KEY.as_pem(private=True))
    (home / "inbox").mkdir(exist_ok=True)
    parts = {
        "node": "settle_seconds = 0.2\npoll_seconds = 0.05",
        "systems": """
            [[systems]]
            id = "cms"
            name = "Case management"
            folder = "inbox"
            record_types = ["personal.details", "childrens-services.details"]
        """,
        "share": '[[share]]\nrecord_types = ["personal.details", "childrens-services.details"]',
    } | changes
    path = home / "node.toml"
    path.write_text(
        f'[hub]\nurl = "{hub_url}"\nclient_id = "agency"\nkey_file = "key.pem"\n'
        f"[node]\n{textwrap.dedent(parts['node'])}\n"
        f"{textwrap.dedent(parts['systems'])}\n"
        '[[contacts]]\nname = "Duty desk"\nemail = "duty@council.example"\n'
        f"{textwrap.dedent(parts['share'])}\n",
        "utf-8",
    )
    return path


def stub() -> StubHub:
    """A hub that knows Amy and Ben."""
    return StubHub(KEY, NUMBERS)
