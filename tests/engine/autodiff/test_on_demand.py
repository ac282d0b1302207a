"""Chainer's packages whose names are imported on demand, and Chainer as another program has imported it."""

import inspect
import subprocess
import sys

import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.on_demand import OnDemand

RUNTIME = "from greeks_cli.engine.autodiff.chainer_runtime import F, chainer"


def printed(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("package", ["functions", "links", "training", "optimizers", "distributions"])
@pytest.mark.filterwarnings("ignore")  # invalid escapes inside Chainer, compiled anew
def test_every_name_is_what_the_code_of_the_package_imports(package):
    stand_in = getattr(chainer, package)
    assert isinstance(stand_in, OnDemand)
    imported = {}
    exec(inspect.getsource(stand_in), imported)
    names = {name for name in imported if not name.startswith("__")}
    assert len(names) > 10
    assert names <= set(dir(stand_in))
    assert {name: getattr(stand_in, name) for name in names} == {name: imported[name] for name in names}


def test_modules_are_attributes_of_their_packages_and_other_names_are_missing():
    assert chainer.functions.math.exponential.exp is chainer.functions.exp
    assert chainer.training.extensions.snapshot.__name__ == "snapshot"
    with pytest.raises(AttributeError, match=r"'chainer\.functions' has no attribute 'expp'"):
        chainer.functions.expp  # noqa: B018
    assert not hasattr(chainer.functions, "__all__")


def test_few_modules_of_chainer_are_imported():
    code = f"{RUNTIME}; import sys; print(*(name for name in sys.modules if name.startswith('chainer.functions.')))"
    assert len(printed(code)) < 20


def test_chainer_that_another_program_has_imported_is_taken_as_it_is():
    code = f"""
import numpy as np
import sys, types, warnings
warnings.simplefilter("ignore")
np.sctypes = {{"int": [np.int8, np.int16, np.int32, np.int64], "float": [np.float16, np.float32, np.float64]}}
check = sys.modules["chainer._environment_check"] = types.ModuleType("check")
check.check = lambda: None
import chainer as theirs
import chainer.links as links
{RUNTIME}
assert chainer is theirs and chainer.links is links and F is theirs.functions
print(type(F).__name__, float(F.exp(chainer.Variable(np.zeros(1))).array[0]), links.Linear(2, 3).W.shape)
"""
    assert printed(code) == ["module", "1.0", "(3,", "2)"]
