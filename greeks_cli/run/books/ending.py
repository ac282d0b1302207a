"""The end of a book: which trades failed or missed a tolerance, and the exit code."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from greeks_cli.terms.books.trade import ERROR, NO_VOL
from greeks_cli.terms.errors import ExitCode

Say = Callable[..., None]
"""Writes a message for the user, an error or of a level that is given."""


def statuses_of(records: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The status of every trade by its id; the row of totals is left out."""
    return {record["id"]: record["status"] for record in records if "trades" not in record}


def ending(statuses: Mapping[str, str], say: Say) -> ExitCode:
    """Says which trades failed or missed a tolerance, by ``statuses``. Returns the exit code of the book."""
    endings = (
        (ERROR, "failed", ExitCode.SOME_JOBS_FAILED),
        (NO_VOL, "have no implied vol", ExitCode.SOME_JOBS_FAILED),
        ("not met", "missed a --tol", ExitCode.NOT_MET),
    )
    code = ExitCode.OK
    for status, happened, its_code in endings:
        named = [name for name, its_status in statuses.items() if its_status == status]
        if named:
            more = f" and {len(named) - 3:,} more" if len(named) > 3 else ""
            say(f"{len(named):,} of {len(statuses):,} trades {happened}: {', '.join(named[:3])}{more}")
            code = code or its_code
    return code
