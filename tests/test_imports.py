"""The architecture as a test: which package may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "greeks_cli"
MAY_IMPORT = {
    "terms": set(),
    "engine": {"terms"},
    "analytic": {"engine", "terms"},
    "run": {"analytic", "engine", "terms"},
    "report": {"terms"},
    "book": {"terms"},
    "cli": {"book", "run", "report", "engine", "terms"},
}
ONLY_THERE = {
    "chainer": {"engine/chainer_runtime.py", "engine/graph.py"},
    "cupy": {"engine/gpu.py"},
    "matplotlib": {"report/drawing.py"},
    "dask": {"run/cluster.py"},
    "distributed": {"run/cluster.py"},
}


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*/*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    layer = path.parent.name
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[0] == "greeks_cli" and len(parts) > 1 and parts[1] != layer:
            assert parts[1] in MAY_IMPORT[layer], f"{path} imports {module}"
        if parts[0] in ONLY_THERE:
            assert str(path.relative_to(PACKAGE)) in ONLY_THERE[parts[0]], f"{path} imports {module}"


def modules_after(*arguments):
    code = (
        "import sys\nfrom greeks_cli.cli.main import _run\n"
        f"_run({list(arguments)!r})\nprint(','.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.strip().split(","))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explain", "gamma"]], ids=str)
def test_commands_without_numbers_import_neither_numpy_nor_chainer(arguments):
    assert not {"numpy", "chainer", "pydantic", "rich"} & modules_after(*arguments)


def test_importing_chainer_is_silent_and_leaves_numpy_as_it_was():
    code = (
        "import numpy as np; before = set(dir(np)); "
        "import greeks_cli.engine.chainer_runtime; assert set(dir(np)) == before"
    )
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
