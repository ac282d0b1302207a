"""The architecture as a test: which package may import which."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "greeks_cli"
ENGINE = ["compiler", "backends", "autodiff", "simulation", "payoffs", "exercise", "estimators", "execution"]
"""In the order in which data passes them: each may import those before it."""
ROOMS = {
    "terms": ["formulas", "markets", "contracts", "dates", "results", "books"],
    "engine.simulation": ["models", "joint"],
    "engine.payoffs": ["early"],
    "engine.execution": ["choice", "unseen"],
    "report": ["text", "figures", "pages", "formats"],
    "run": ["machine", "books"],
    "book": ["text", "market_files"],
}
"""Packages within a package, in the order of their imports; its own modules lie before, between and after them."""
MAY_IMPORT = {
    "terms": set(),
    **{f"engine.{name}": {"terms", *(f"engine.{earlier}" for earlier in ENGINE[:i])} for i, name in enumerate(ENGINE)},
    "analytic": {"engine", "terms"},
    "calibration": {"analytic", "engine", "terms"},
    "run": {"analytic", "calibration", "engine", "report", "terms"},
    "report": {"terms"},
    "book": {"terms"},
    "inputs": {"book", "run", "terms"},
    "explain": {"terms"},
    "api": {"book", "inputs", "run", "report", "terms"},
    "cli": {"explain", "book", "inputs", "run", "report", "engine", "terms"},
}
ONLY_THERE = {
    "chainer": {"engine/autodiff/chainer_runtime.py", "engine/execution/dot.py"},
    "cupy": {"engine/backends/cupy.py"},
    "matplotlib": {"report/figures/drawing.py"},
    "dask": {"run/machine/cluster.py"},
    "distributed": {"run/machine/cluster.py"},
    "holidays": {"terms/dates/calendars.py"},
    "pandas": {"api/frames.py"},
    "polars": {"api/frames.py"},
    "scipy": {"calibration/fit.py", "engine/simulation/sobol.py"},
}


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def package_of(parts):
    """The package of a path or module below greeks_cli: ``terms``, ``engine.compiler``."""
    return ".".join(parts[:2] if parts[0] == "engine" else parts[:1])


def may_import(package, other):
    return other == package or other in MAY_IMPORT[package] or other.split(".")[0] in MAY_IMPORT[package]


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if len(path.relative_to(PACKAGE).parts) > 1)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_package_order(path):
    where = path.relative_to(PACKAGE)
    if where.parts == ("engine", "__init__.py"):
        assert not list(imported_modules(path))
        return
    package = package_of(where.parts[:-1])
    for module in imported_modules(path):
        first, *rest = module.split(".")
        if first == "greeks_cli" and rest:
            assert may_import(package, package_of(rest)), f"{where} imports {module}"
        if first in ONLY_THERE:
            assert str(where) in ONLY_THERE[first], f"{where} imports {module}"


INNER = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): path
    for package in ROOMS
    for path in sorted((PACKAGE / package.replace(".", "/")).glob("*/*.py"))
}


@pytest.mark.parametrize("name", INNER)
def test_packages_within_a_package_import_those_before_them(name):
    *package, room, _ = name.split("/")
    rooms = ROOMS[".".join(package)]
    later = rooms[rooms.index(room) + 1 :]
    for module in imported_modules(INNER[name]):
        assert not [other for other in later if f"{module}.".startswith(".".join(["greeks_cli", *package, other, ""]))]


def test_every_module_that_may_import_a_library_exists():
    assert {name for names in ONLY_THERE.values() for name in names} <= {
        path.relative_to(PACKAGE).as_posix() for path in MODULES
    }


def test_every_package_has_an_import_rule():
    seen = {package_of(path.relative_to(PACKAGE).parts[:-1]) for path in MODULES} - {"engine"}
    assert seen == MAY_IMPORT.keys()


def test_an_import_against_the_order_is_refused():
    assert may_import("engine.execution", "engine.compiler")
    assert not may_import("engine.compiler", "engine.backends")
    assert not may_import("engine.simulation", "run")
    assert not may_import("terms", "engine.compiler")


def modules_after(*arguments):
    code = (
        "import sys\nfrom greeks_cli.cli.main import _run\n"
        f"_run({list(arguments)!r})\nprint(','.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(done.stderr.strip().split(","))
    assert "greeks_cli.cli.main" in found
    return found


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explain", "gamma"]], ids=str)
def test_commands_without_numbers_import_neither_numpy_nor_chainer(arguments):
    assert not {"numpy", "chainer", "pydantic", "rich"} & modules_after(*arguments)


def test_a_european_imports_nothing_of_other_contracts_of_books_or_of_rich():
    found = modules_after("price", "--strike", "100", "--vol", "0.1", "--paths", "1000")
    assert found >= {"numpy", "chainer", "greeks_cli.engine.payoffs.vanilla", "greeks_cli.analytic.vanilla_options"}
    others = ["barriers", "formula", "path_dependent", "periodic", "joint", "structured"]
    assert not found & {f"greeks_cli.terms.contracts.{name}" for name in others}
    assert not [
        name for name in found if re.match(r"rich|greeks_cli\.book\.(?!market_files(\.curves)?$)|.*\.joint_point", name)
    ]
    assert not found & {f"greeks_cli.engine.payoffs.{name}" for name in ("barriers", "path_dependent", "joint")}
    assert not found & {
        f"greeks_cli.engine.simulation.{name}"
        for name in ("joint.lognormals", "models.heston", "models.recursion", "models.local_vol")
    }


def test_a_command_reads_no_metadata_of_packages():
    code = (
        "import sys\nfrom greeks_cli.cli.main import main\n"
        "try:\n    main(['price', '--strike', '100', '--vol', '0.1'])\n"
        "except SystemExit as ending:\n    assert ending.code == 0\n    assert 'importlib.metadata' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_importing_chainer_is_silent_and_leaves_numpy_as_it_was():
    code = (
        "import numpy as np; before = set(dir(np)); "
        "import greeks_cli.engine.autodiff.chainer_runtime; assert set(dir(np)) == before"
    )
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def engine_modules():
    """The modules of the engine by their dotted names."""
    paths = (path.relative_to(ROOT) for path in (PACKAGE / "engine").rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.with_suffix("").parts) for path in paths}


def modules_named(path):
    """The modules that a file imports, by dotted names; ``from package import name`` may name one too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_of_the_engine_is_imported_by_a_test_of_the_engine():
    tested = {name for path in (ROOT / "tests" / "engine").rglob("test_*.py") for name in modules_named(path)}
    assert len(engine_modules()) > 30
    assert engine_modules() - tested == set()


def test_the_readme_of_the_engine_names_every_module_in_the_row_of_its_package():
    text = (PACKAGE / "engine" / "README.md").read_text(encoding="utf-8")
    rows = {row.split("`")[1]: set(row.split("`")[3::2]) for row in text.splitlines() if row.startswith("| `")}
    assert list(rows) == ENGINE
    for package, named in rows.items():
        folder = PACKAGE / "engine" / package
        files = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py")}
        files = {name for name in files if not name.endswith("__init__")}
        assert files - named <= {"base", "chainer_runtime"}, package
        assert named <= files, package
