"""Looks for secrets in the repository: private keys, tokens, passwords in addresses.

python tools/find_secrets.py

Reads every file that git knows or would add. Prints where something looks like a secret, never the
secret; ends with status 1 when there is one. What only looks like one is named in ``HARMLESS`` with
why, by a fingerprint, so that the exception is for that text alone.
"""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

PATTERNS = {
    "a private key": re.compile(
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\\?n?[A-Za-z0-9+/=]{16}"
    ),
    "the private half of a JWK": re.compile(r"""["']d["']\s*:\s*["'][A-Za-z0-9_-]{32,}["']"""),
    "a signed token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "a password in an address": re.compile(
        r"\b[a-z][a-z0-9+]+://[^\s:/@'\"{}<>]+:[^\s@/'\"{}<>]+@"
    ),
    "a cloud's access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a code host's token": re.compile(
        r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,})"
    ),
    "a chat service's token": re.compile(r"\bxox[abprs]-[\w-]{10,}"),
    "a package registry's token": re.compile(r"\b(?:pypi-AgE[\w-]{20,}|npm_[A-Za-z0-9]{36})"),
    "a secret that is given a value": re.compile(
        r"""(?i)\b[\w-]*(?:secret|password|passwd|api_?key|token)[\w-]*\s*[:=]\s*"""
        r"""["'](?=[^"']*\d)(?=[^"']*[A-Za-z])[A-Za-z0-9+/=_-]{24,}["']"""
    ),
}

HARMLESS: dict[str, str] = {
    "ec25b8fa54a9d7a8": "an address that is refused, in a test",
    "0795921cb8db17e0": "an address that is refused, in a test",
    "f78186dcc0b60859": "an address that is refused, in a test",
}
"""Fingerprint of the text (``--print``), and why it is no secret."""

LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """Something that looks like a secret: where, what kind, and the text's fingerprint."""

    path: str
    line: int
    what: str
    print_of: str


def search(text: str, path: str = "") -> Iterator[Found]:
    """Whatever in a text looks like a secret and is not known to be harmless."""
    for what, pattern in PATTERNS.items():
        for hit in pattern.finditer(text):
            print_of = hashlib.sha256(hit.group().encode()).hexdigest()[:16]
            if print_of not in HARMLESS:
                yield Found(path, text.count("\n", 0, hit.start()) + 1, what, print_of)


def files() -> Iterator[Path]:
    """Every file that git knows, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.stat().st_size <= LARGEST:
            yield path


def main() -> int:
    """Search the repository."""
    found = 0
    for path in files():
        content = path.read_bytes()
        if b"\0" in content[:4096]:
            continue
        for each in search(content.decode("utf-8", "replace"), str(path.relative_to(ROOT))):
            print(f"{each.path}:{each.line}: {each.what} (fingerprint {each.print_of})")
            found += 1
    if found:
        print(
            f"\n{found} may be secrets. Take them out, and change whatever they opened: the "
            "repository keeps what was once in it. What is no secret goes into HARMLESS in "
            "tools/find_secrets.py, with why.",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
