"""Rounding as a test: which files call functions of NumPy whose digits depend on the processor."""

import ast

from tests.test_imports import MODULES, PACKAGE

ROUNDED_BY_WIDTH = {"exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "power", "float_power", "cbrt"}
ROUNDED_BY_WIDTH |= {"sin", "cos", "tan", "sinh", "cosh", "tanh"}
"""Functions whose digits depend on the width of a processor's vectors."""
MAY_CALL_NUMPYS = {
    "analytic/contour.py": {"sinh", "cosh"},  # of complex numbers, which NumPy leaves to the C library
    "analytic/implied_volatility.py": {"exp", "log", "log1p"},  # quotes are solved before a run has an executor
}


def functions_called(code):
    """The functions that are called as NumPy's, in place of those of the executor."""
    calls = (node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    names = (one for one in calls if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name))
    return {one.attr for one in names if one.value.id == "np"} & ROUNDED_BY_WIDTH


def test_a_call_of_numpys_is_found():
    assert functions_called("np.exp(x) + np.sqrt(np.log(y)) + elementary.sin(z) + {np.cos: 1}") == {"exp", "log"}


def test_numbers_of_a_run_take_the_elementary_functions_of_its_executor():
    paths = [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in ("engine", "analytic")]
    found = {path.relative_to(PACKAGE).as_posix(): functions_called(path.read_text()) for path in paths}
    assert {name: called for name, called in found.items() if called} == MAY_CALL_NUMPYS
