"""Spoils a package in one small way at a time, and counts how often its tests notice.

python tools/mutate.py src/joinedup/policy tests/policy [--skip shield.py] [--jobs 2]

A mutant swaps a comparison, an operator, ``and``/``or``, a truth value, a number or a text, drops a
``not``, or turns a condition round. Each runs in a process of its own, forked after what tests need
is loaded, so that a mutant costs little more than its tests. Prints the survivors and the score;
ends with status 1 when it is under ``--goal``.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

PATIENCE = 60  # seconds a mutant's tests may take; one that hangs is noticed too
ROOT = Path(__file__).parent.parent

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
    what: str
    tree: ast.Module


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its text."""
    tree = ast.parse(path.read_text("utf-8"))
    untouched = _passed_over(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in untouched:
            continue
        for number, (what, _) in enumerate(_changes(node)):
            spoilt = copy.deepcopy(tree)
            twin = next(each for at, each in enumerate(ast.walk(spoilt)) if at == place)
            changed = _changes(twin)[number][1]
            _put(spoilt, twin, changed)
            yield Mutant(path, node.lineno, what, ast.fix_missing_locations(spoilt))


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


def run_tests(tests: Sequence[str]) -> int:
    """Run them in this process, in silence; 0 when all passed."""
    import hypothesis
    import pytest

    # A failure is enough: no time is spent on making its example small.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", phases=phases, database=None)
    hypothesis.settings.load_profile("mutants")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1", *tests])


def forget(package: str) -> None:
    """Unload the package and the tests, and nothing else, so that each child loads them anew.

    Tests are known by where they lie: in a folder without ``__init__.py`` they are in no package.
    """
    tests = str(ROOT / "tests") + os.sep
    for name, module in list(sys.modules.items()):
        lies_in = str(getattr(module, "__file__", None) or "")
        if f"{name}.".startswith(f"{package}.") or lies_in.startswith(tests):
            del sys.modules[name]


def _noticed(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether the tests fail, or hang, on the mutant: in a child of this process."""

    def child() -> None:
        sys.meta_path.insert(0, _Finder(mutant))
        os._exit(1 if run_tests(tests) else 0)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode != 0


def _share(
    mutants: Sequence[Mutant],
    tests: Sequence[str],
    answers: "multiprocessing.Queue[tuple[int, bool]]",
    part: range,
) -> None:
    for at in part:
        answers.put((at, _noticed(mutants[at], tests)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="a folder under src, or one file of it")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--skip", action="append", default=[], help="a file's name")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--goal", type=float, default=0.9)
    args = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    if run_tests(args.tests):
        print("The tests fail without any mutant. Put that right first.", file=sys.stderr)
        return 2
    forget(module_of(args.package if args.package.is_dir() else args.package.parent))
    found = args.package.glob("*.py") if args.package.is_dir() else [args.package]
    files = sorted(each for each in found if each.name not in args.skip)
    every = [mutant for file in files for mutant in mutants(file)]
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[tuple[int, bool]] = context.Queue()
    for job in range(args.jobs):
        part = range(job, len(every), args.jobs)
        context.Process(target=_share, args=(every, args.tests, answers, part)).start()
    seen = Counter[bool]()
    for done in range(1, len(every) + 1):
        at, noticed = answers.get()
        seen[noticed] += 1
        if not noticed:
            print(f"{every[at].path.name}:{every[at].line}: {every[at].what}", flush=True)
        print(f"\r{done} of {len(every)}, {seen[False]} survive", end="", file=sys.stderr)
    print(file=sys.stderr)
    score = seen[True] / len(every)
    print(f"{len(every)} mutants of {len(files)} files, {seen[True]} noticed: {score:.1%}")
    return 0 if score >= args.goal else 1


if __name__ == "__main__":
    raise SystemExit(main())
