"""Answers to trades that come one by one, each as soon as it is there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from greeks_cli.report.book import record_of, row_key
from greeks_cli.run.arithmetic import arithmetic_of
from greeks_cli.run.batch import answer_to
from greeks_cli.run.executors import with_executor
from greeks_cli.run.interrupts import end_if_asked
from greeks_cli.terms.trade import Rejected, Trade
from greeks_cli.terms.units import Units

Read = Callable[[str], Sequence[Trade | Rejected]]
"""Reads the trades of a line."""


class Served:
    """The rows of lines, and how many trades had each status. What is traced stays in this process for later lines."""

    def __init__(self, read: Read, units: Units, threads: int | None):
        self._read, self._units, self._threads = read, units, threads
        self.statuses: Counter[str] = Counter()

    def rows(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Yields the row of each trade, in order, before the next line is read."""
        for line in lines:
            for trade in self._read(_text(line)):
                end_if_asked()
                simulation = None
                if isinstance(trade, Trade):
                    (request,) = with_executor([trade.request])
                    trade, simulation = replace(trade, request=request), request.simulation
                answer = trade.why if isinstance(trade, Rejected) else answer_to(trade, self._threads)
                row = record_of(trade, answer, row_key(trade, arithmetic_of(simulation), self._units), self._units)
                self.statuses[row["status"]] += 1
                yield row


def _text(line: bytes) -> str:
    """The text of a line; bytes that are no UTF-8 become characters that no JSON has."""
    return line.decode("utf-8", errors="replace").removeprefix("\ufeff")
