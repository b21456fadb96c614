"""A running stub hub, and a node beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from joinedup.custodian.config import read_config
from joinedup.custodian.conformance.stub import RunningStub, StubHub
from joinedup.custodian.node import Node
from tests.custodian.agency import CHILDREN, settled, stub, write_config


@pytest.fixture
def running() -> Iterator[RunningStub]:
    with RunningStub(stub()) as one:
        yield one


@pytest.fixture
def hub(running: RunningStub) -> StubHub:
    return running.hub


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def make_node(running: RunningStub, home: Path, said: list[str]) -> Callable[..., Node]:
    """A node as after a start: its store and files stay from one to the next."""

    def make(**changes: str) -> Node:
        return Node(read_config(write_config(home, running.url, **changes)), said.append)

    return make


@pytest.fixture
def node(make_node: Callable[..., Node], home: Path) -> Node:
    """A node whose one file lies ready."""
    made = make_node()
    settled(home / "inbox" / "children.csv", CHILDREN)
    return made
