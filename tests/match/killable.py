"""A run to be killed from outside: ``python -m tests.match.killable IN OUT LOG COUNT``.

Every question is written to LOG, in one write, before it is answered.
"""

import os
import sys
import threading
from pathlib import Path

from joinedup.identify.journal import Journal
from joinedup.identify.match_file import Run, match_file
from joinedup.pds.search import Answer, Search
from joinedup.standards.tabular import open_table
from tests.match.fakes import FakeSource


class Logged(FakeSource):
    def __init__(self, count: int, log: str) -> None:
        super().__init__(count, delay=0.002)
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def search(self, search: Search) -> Answer:
        os.write(self._log, f"{search.family}\n".upper().encode())
        return super().search(search)


def main(in_file: str, out_file: str, log: str, count: str) -> None:
    table, out = open_table(in_file), Path(out_file)
    journal = Journal.open(
        out.with_name(out.name + ".journal"), content=table.digest, settings={"source": "test"}
    )
    match_file(table, out, Run(source=Logged(int(count), log), strategy="adaptive", journal=journal,
        workers=4, progress=lambda done: None, stop=threading.Event()))  # fmt: skip
    journal.remove()


if __name__ == "__main__":
    main(*sys.argv[1:])
