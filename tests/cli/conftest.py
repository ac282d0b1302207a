"""Running the command inside the test process."""

from typing import NamedTuple

import pytest

from greeks_cli.cli.main import main


class Outcome(NamedTuple):
    """What a shell would see."""

    code: int
    out: str
    err: str


@pytest.fixture
def greeks(capsys):
    """Call ``greeks`` with a line of arguments."""

    def call(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        return Outcome(int(ending.value.code), *capsys.readouterr())

    return call
