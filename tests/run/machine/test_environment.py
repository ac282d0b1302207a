"""Facts on the environment of a run."""

import subprocess
import sys

from greeks_cli.run.machine.environment import facts


def test_facts_name_the_platform_and_the_packages():
    found = dict(facts())
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert {"greeks", "platform", "arithmetic", "threads", "numpy", "llvmlite", "gpu"} <= found.keys()


def test_facts_do_not_load_a_compiler():
    """The manifest of a book has them: LLVM would take 40 MB of a run that compiles nothing."""
    code = "import sys; from greeks_cli.run.machine.environment import facts; facts(); print('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
