"""The JavaScript example's client, made out of docs/openapi.json by the example's own generator.

``python -m tests.custodian.generated_client`` writes it anew; ``tests.hub.write_openapi`` does too.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "custodian_in_javascript"
NODE = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


def make() -> str:
    """The client as the command in the generator's first lines makes it. Needs Node."""
    text = (FOLDER / "generate.mjs").read_text("utf-8")
    command = re.search(r"^//\s+node (generate\.mjs .*) > hub\.mjs$", text, re.MULTILINE)
    if NODE is None or command is None:
        raise RuntimeError("Node is not installed, or generate.mjs no longer says how it is called")
    made = subprocess.run(
        [NODE, *shlex.split(command[1])], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    return made.stdout


def write() -> None:
    """Write the client, where there is Node."""
    if NODE is not None:
        (FOLDER / "hub.mjs").write_text(make(), "utf-8")


if __name__ == "__main__":
    write()
