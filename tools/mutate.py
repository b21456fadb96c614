"""Spoils a package in one small way at a time, and counts how often its tests notice.

python tools/mutate.py src/joinedup/policy tests/policy [--skip shield.py] [--jobs 2] [--again LOG]

A mutant swaps a comparison, an operator, ``and``/``or``, a truth value, a number or a text, drops a
``not``, or turns a condition round. Each runs in a process of its own, forked after what tests need
is loaded, so that a mutant costs little more than its tests. The tests run once without a mutant;
then the quickest go first, those over ``--longest`` seconds are left out, and properties are tried
with few examples: the score is what the quick tests notice, and all of them notice no less.
Prints the survivors and the score; ends with status 1 when it is under ``--goal``. With ``--again``
only the survivors that an earlier run printed are tried.
"""

import argparse
import ast
import contextlib
import copy
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import hypothesis
import pytest

PATIENCE = 5  # times as long as its tests took a mutant may take; one that hangs is noticed too
MEMORY = 4 * 2**30  # bytes that it may take: a loop that fills a list without end is noticed too
RECENT = 10  # tests that go first, because they noticed a mutant lately
EXAMPLES = 25  # of each property that does not say itself how many
ROOT = Path(__file__).parent.parent

# Changes that no test can notice, each with why: they are not counted.
EQUIVALENT = {
    "ledger/checkpoint.py read_checkpoint: line and _is_by(verifier, text, line) without line": (
        "no line is None by then; it says so to mypy"
    ),
    "ledger/merkle.py check_inclusion: not at & 1 and at without at": (
        "it is not 0 there, so one of its bits is set and ends the loop"
    ),
    "ledger/merkle.py check_subtree_consistency: not last & 1 and last without last": (
        "it is not 0 there, so one of its bits is set and ends the loop"
    ),
    (
        "ledger/verify.py _backwards: checkpoint.size >= largest.size -> "
        "checkpoint.size > largest.size"
    ): "of two of one size only the size is used",
    (
        "ledger/witness.py Showing.parse: size.isascii() and size.isdecimal() and "
        "(len(size) < 20) and (str(int(size)) == size) without size.isascii()"
    ): "a number is written in ASCII, so nothing else is the same as it",
    (
        "policy/agreement.py Agreements._by_day: turns.get(rule.valid_from, 0) ^ 1 << place -> "
        "turns.get(rule.valid_from, 0) | 1 << place"
    ): "no rule turns twice on one day, so its bit is not there yet",
    (
        "policy/agreement.py Agreements._by_day: turns.get(over, 0) ^ 1 << place -> "
        "turns.get(over, 0) | 1 << place"
    ): "no rule turns twice on one day, so its bit is not there yet",
    "policy/agreement.py _first: bits & -bits -> bits | -bits": (
        "that is minus the lowest bit, which is as long"
    ),
    "policy/catalogue.py Depth: 2 -> 3": (
        "only the order of depths is used; they are kept by name"
    ),
    (
        "policy/decide.py _basis: basis is not None and case.purpose is not None and "
        "(case.asker is not None) and (code in case.purpose.bases) and (case.asker.legal_class in "
        "basis.legal_classes) and (not basis.duty or case.policy.in_force(basis.duty, "
        "case.question.on)) without basis is not None"
    ): "a purpose's bases are all in the catalogue, which it checks; it says so to mypy",
    (
        "policy/decide.py _is_sensitive: case.holds is not None and case.holds.sensitive without "
        "case.holds is not None"
    ): "nothing is found of a record type that the catalogue has not; it says so to mypy",
    "policy/facts.py from_facts: 'URV' -> 'URVX'": (
        "there is no fourth level: X is refused all the same"
    ),
    "policy/question.py Level.letter: 'URV' -> 'URVX'": (
        "there is no fourth level to have the letter"
    ),
    "policy/shield.py months_later: 31 -> 32": ("32 days after a first lie in the next month too"),
}

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Div: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with one thing spoilt."""

    path: Path
    line: int
    within: str
    what: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The file, the function or class, the change: the same when lines were added."""
        return f"{_place(self.path)} {self.within}: {self.what}"


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its text."""
    tree = ast.parse(path.read_text("utf-8"))
    untouched, within = _passed_over(tree), dict(_homes(tree))
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in untouched:
            continue
        for number, (what, _) in enumerate(_changes(node)):
            spoilt = copy.deepcopy(tree)
            twin = next(each for at, each in enumerate(ast.walk(spoilt)) if at == place)
            changed = _changes(twin)[number][1]
            _put(spoilt, twin, changed)
            home = within.get(id(node), "-")
            yield Mutant(path, node.lineno, home, what, ast.fix_missing_locations(spoilt))


def _homes(node: ast.AST, name: str = "-") -> Iterator[tuple[int, str]]:
    """The function or class that each part lies in, as ``Class.function``."""
    for child in ast.iter_child_nodes(node):
        own = name
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            own = child.name if name == "-" else f"{name}.{child.name}"
        yield id(child), own
        yield from _homes(child, own)


def _passed_over(tree: ast.Module) -> set[int]:
    """Docstrings, annotations, decorators and messages of errors: no rule hangs on them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.Raise) and node.exc is not None:
            found |= {id(each) for each in ast.walk(node.exc)}
        for decorator in getattr(node, "decorator_list", ()):
            found |= {id(each) for each in ast.walk(decorator)}
        for name in ("annotation", "returns"):
            if isinstance(part := getattr(node, name, None), ast.AST):
                found |= {id(each) for each in ast.walk(part)}
    return found


def _changes(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """What a node may be turned into, with words for it."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            new = copy.copy(node)
            new.ops = [COMPARISONS[type(op)]()]
            return [(f"{_text(node)} -> {_text(new)}", new)]
        case ast.Compare(ops=[first, second]) if type(first) in COMPARISONS:
            new = copy.copy(node)
            new.ops = [COMPARISONS[type(first)](), second]
            return [(f"{_text(node)} -> {_text(new)}", new)]
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            new = copy.copy(node)
            new.op = OPERATORS[type(op)]()
            return [(f"{_text(node)} -> {_text(new)}", new)]
        case ast.BoolOp():
            new = copy.copy(node)
            new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            fewer = [
                (f"{_text(node)} without {_text(value)}", _without(node, value))
                for value in node.values
            ]
            return [(f"{_text(node)} -> {_text(new)}", new), *fewer]
        case ast.UnaryOp(op=ast.Not()):
            return [(f"{_text(node)} -> {_text(node.operand)}", node.operand)]
        case ast.IfExp() | ast.If() | ast.While():
            new = copy.copy(node)
            new.test = ast.UnaryOp(ast.Not(), node.test)
            return [(f"if {_text(node.test)} -> if not", new)]
        case ast.Constant(value=bool() as value):
            return [(f"{value} -> {not value}", ast.Constant(not value))]
        case ast.Constant(value=int() as value):
            return [(f"{value} -> {value + 1}", ast.Constant(value + 1))]
        case ast.Constant(value=str() as value):
            return [(f"{value!r} -> {value + 'X'!r}", ast.Constant(value + "X"))]
        case _:
            return []


def _without(node: ast.BoolOp, value: ast.expr) -> ast.expr:
    rest = [each for each in node.values if each is not value]
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def _put(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                for at, each in enumerate(value):
                    if each is old:
                        value[at] = new


class _Spoilt(importlib.machinery.SourceFileLoader):
    """Loads one module from a mutant's tree."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.path))
        self._tree = mutant.tree

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._tree, str(self.path), "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = module_of(mutant.path)

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Spoilt(fullname, self.mutant)
        return importlib.util.spec_from_file_location(fullname, self.mutant.path, loader=loader)


def module_of(path: Path) -> str:
    """The dotted name of a file under ``src``."""
    return ".".join(path.resolve().relative_to(ROOT / "src").with_suffix("").parts)


class _Order:
    """Measures the tests of the first run; then puts those first that will most likely notice.

    Those are the tests that noticed the mutants before, which lie close by; then the quick ones.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self.seconds: Counter[str] = Counter()
        self.known = False
        self.noticed: list[str] = []
        self.failed = ""

    def patience(self) -> float:
        """Seconds that a mutant's tests may take, with some for the start of a busy machine."""
        return 10 + PATIENCE * sum(each for each in self.seconds.values() if each <= self.longest)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self.known:
            self.seconds[report.nodeid] += report.duration  # type: ignore[assignment]
        elif report.failed:
            self.failed = report.nodeid

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.known:
            items[:] = [one for one in items if self.seconds[one.nodeid] <= self.longest]
            items.sort(key=lambda one: (self._since(one.nodeid), self.seconds[one.nodeid]))

    def _since(self, test: str) -> int:
        """How many mutants ago the test noticed one."""
        return self.noticed.index(test) if test in self.noticed else RECENT

    def remember(self, test: str) -> None:
        """Keep the test that noticed a mutant, as the newest."""
        rest = [each for each in self.noticed if each != test]
        self.noticed = [test, *rest][:RECENT]


def run_tests(tests: Sequence[str], order: _Order) -> int:
    """Run them in this process, in silence; 0 when all passed."""
    # A failure is enough: no time is spent on making its example small. A slow moment of the
    # machine is none.
    hypothesis.settings.register_profile(
        "mutants",
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        database=None,
        deadline=None,
        max_examples=EXAMPLES,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")
    # Nobody reads how a test failed: nothing is spent on telling it.
    options = ["-x", "-q", "--assert=plain", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-p", "no:unraisableexception", "--hypothesis-seed=1"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return pytest.main([*options, *tests], plugins=[order])


def forget(package: str) -> None:
    """Unload the package and the tests, and nothing else, so that each child loads them anew.

    Tests are known by where they lie: in a folder without ``__init__.py`` they are in no package.
    """
    tests = str(ROOT / "tests") + os.sep
    for name, module in list(sys.modules.items()):
        lies_in = str(getattr(module, "__file__", None) or "")
        if f"{name}.".startswith(f"{package}.") or lies_in.startswith(tests):
            del sys.modules[name]


def _noticed(mutant: Mutant, tests: Sequence[str], order: _Order) -> bool:
    """Whether the tests fail, or hang, on the mutant: in a child of this process."""

    def child() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.meta_path.insert(0, _Finder(mutant))
        failed = run_tests(tests, order)
        sender.send(order.failed)
        os._exit(1 if failed else 0)

    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(order.patience())
    if process.exitcode is None:
        process.kill()
        process.join()
    if receiver.poll() and (failed := receiver.recv()):
        order.remember(failed)
    return process.exitcode != 0


def _share(
    mutants: Sequence[Mutant],
    tests: Sequence[str],
    order: _Order,
    answers: "multiprocessing.Queue[tuple[int, bool]]",
    part: range,
) -> None:
    for at in part:
        answers.put((at, _noticed(mutants[at], tests, order)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="a folder under src, or one file of it")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--skip", action="append", default=[], help="a file's name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--longest", type=float, default=1, help="seconds a test may take")
    parser.add_argument("--again", type=Path, metavar="LOG", help="only those that LOG names")
    parser.add_argument("--goal", type=float, default=0.9)
    args = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    began, order = time.monotonic(), _Order(args.longest)
    if run_tests(args.tests, order):
        print("The tests fail without any mutant. Put that right first.", file=sys.stderr)
        return 2
    order.known = True
    forget(module_of(args.package if args.package.is_dir() else args.package.parent))
    paths = args.package.glob("*.py") if args.package.is_dir() else [args.package]
    files = sorted(each for each in paths if each.name not in args.skip)
    found = [mutant for file in files for mutant in mutants(file)]
    every = [each for each in found if each.name not in EQUIVALENT]
    names, places = {each.name for each in found}, tuple(_place(file) + " " for file in files)
    if stale := [one for one in EQUIVALENT if one.startswith(places) and one not in names]:
        print("EQUIVALENT names what is no change any more:", *stale, sep="\n", file=sys.stderr)
        return 2
    if args.again:
        named = {line.partition(": ")[2] for line in args.again.read_text("utf-8").splitlines()}
        every = [each for each in every if each.name in named]
        found = every
    if not every:
        print("There is nothing to spoil.", file=sys.stderr)
        return 2
    gc.freeze()  # children share the mutants' trees, and need not look through them
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[tuple[int, bool]] = context.Queue()
    for job in range(args.jobs):
        part = range(job, len(every), args.jobs)
        context.Process(target=_share, args=(every, args.tests, order, answers, part)).start()
    seen = Counter[bool]()
    for done in range(1, len(every) + 1):
        at, noticed = answers.get()
        seen[noticed] += 1
        if not noticed:
            print(f"{every[at].line}: {every[at].name}", flush=True)
        print(f"\r{done} of {len(every)}, {seen[False]} survive", end="", file=sys.stderr)
    print(file=sys.stderr)
    score = seen[True] / len(every)
    print(
        f"{len(every)} mutants of {len(files)} files, {seen[True]} noticed: {score:.1%}"
        f" (in {time.monotonic() - began:.0f} s; {len(found) - len(every)} more say the same)"
    )
    return 0 if score >= args.goal else 1


if __name__ == "__main__":
    raise SystemExit(main())
