"""The demo's custodian nodes: a folder, a configuration and a process for each agency."""

import contextlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from joinedup.custodian.config import Witnessed
from joinedup.custodian.store import Store
from joinedup.custodian.witnessing import signer
from joinedup.hub.demo import cast
from joinedup.hub.demo.files import Neighbourhood
from joinedup.hub.demo.seed import Seeded
from joinedup.hub.serve import stop

_POLL_SECONDS = 0.5  # so that the first page fills at once; a node of an agency asks every two

_WITNESS = cast.CUSTODIANS[0]
_WITNESS_SECONDS = 20.0


def write_custodians(
    folder: Path, hub_url: str, clients: Mapping[str, Seeded], children: int
) -> list[Path]:
    """Make each agency's folder with its files and configuration; gives the configurations.

    The files are made the first time; configurations always, since the hub's port may be another.
    """
    made = folder / f"files-{children}.made"
    if not made.exists():
        with Neighbourhood(children) as here:
            halves = here.schools()[0::2], here.schools()[1::2]
            for custodian in cast.CUSTODIANS:
                schools = halves[custodian.half] if custodian.half is not None else ()
                here.write(custodian.agency, _home(folder, custodian) / "files", schools)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.touch()
    return [
        _write(_home(folder, custodian), custodian, hub_url, clients[custodian.client_id])
        for custodian in cast.CUSTODIANS
    ]


def ledger_witnesses(folder: Path) -> str:
    """Who witnesses the demo's ledger (``JOINEDUP_LEDGER_WITNESSES``): a file, and one node.

    The node's key is made the first time; ``folder`` is that of the nodes.
    """
    home = _home(folder, _WITNESS)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    node = signer(_witnessed(), Store(home / "state")).verifier
    return f"{folder / 'ledger-witness'},{node.text()}"


def _witnessed() -> Witnessed:
    from joinedup.hub.ledger import keys

    return Witnessed(keys.signer().verifier, _WITNESS.client_id, _WITNESS_SECONDS)


@contextlib.contextmanager
def running_custodians(configs: Sequence[Path], logs: Path) -> Iterator[None]:
    """Run a node for each configuration, and end them all afterwards."""
    logs.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        for config in configs:
            arguments = ["custodian", "--config", str(config)]
            stack.enter_context(running_command(arguments, logs / f"{config.parent.name}.log"))
        yield


@contextlib.contextmanager
def running_command(arguments: Sequence[str], log: Path) -> Iterator[None]:
    """Run one of the program's commands as a process of its own, and end it afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, this program
            [sys.executable, "-m", "joinedup.cli", *arguments],
            env=dict(os.environ), stdout=output, stderr=output,
            # Ctrl-C in a terminal goes to a whole session: the demo ends it, in order.
            start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        stop(process)


def _home(folder: Path, custodian: cast.CastCustodian) -> Path:
    return folder / custodian.ods_code.lower()


def _write(home: Path, custodian: cast.CastCustodian, hub_url: str, client: Seeded) -> Path:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    witness = ""
    if custodian is _WITNESS:
        log_key = _witnessed().log.text()
        witness = f'\n[witness]\nlog_key = "{log_key}"\nseconds = {_WITNESS_SECONDS}\n'
    kinds = ", ".join(f'"{one}"' for one in custodian.record_types)
    path = home / "node.toml"
    path.write_text(
        textwrap.dedent(f"""\
            [hub]
            url = "{hub_url}"
            client_id = "{client.client_id}"
            key_file = "{client.key_file}"
            key_id = "{client.key_id}"

            [node]
            poll_seconds = {_POLL_SECONDS}

            [[systems]]
            id = "{custodian.system}"
            name = "{custodian.system_name}"
            folder = "files"
            record_types = [{kinds}]
            numbers = "{custodian.numbers}"

            [systems.names]
            setting = "{custodian.setting}"
            practice = "{custodian.practice}"
            authority = "{custodian.authority}"

            [[contacts]]
            name = "{custodian.contact}"
            description = "Answers on working days, 9am to 5pm"
            telephone = "{custodian.telephone}"
            email = "{custodian.email}"

            [[share]]
            record_types = [{kinds}]
            """)
        + witness,
        "utf-8",
    )
    return path
