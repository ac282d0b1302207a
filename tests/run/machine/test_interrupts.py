"""Signals that end a run: also those that come where Python ignores exceptions."""

import signal
import subprocess
import sys

import pytest

IN_A_DESTRUCTOR = """
import signal
import sys

from greeks_cli.run.machine.interrupts import end_if_asked, end_in_order


class Owner:
    def __del__(self):
        signal.raise_signal(int(sys.argv[1]))


end_in_order()
Owner()
print("went on", flush=True)
end_if_asked()
print("was not ended")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_destructor_ends_the_run_after_the_task(number):
    outcome = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR, str(int(number))], capture_output=True, text=True, timeout=60
    )
    assert (outcome.returncode, outcome.stdout) == (128 + number, "went on\n")
    assert "SystemExit" in outcome.stderr  # Python says what it ignores
