"""Answers to trades that come one by one, each as soon as it is there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from greeks_cli.report.formats.book import record_of, row_key
from greeks_cli.run.books.batch import answer_to
from greeks_cli.run.machine.arithmetic import arithmetic_of
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.machine.interrupts import end_if_asked
from greeks_cli.terms.books.trade import Rejected, Trade
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.results.result import Answer
from greeks_cli.terms.units import Units

Read = Callable[[bytes], Sequence[Trade | Rejected]]
"""Reads the trades of a line."""


class Served:
    """The rows of lines, and how many trades had each status. What is traced stays in this process for later lines."""

    def __init__(self, read: Read, units: Units, threads: int | None):
        self._read, self._units, self._threads = read, units, threads or available_cores()
        self.statuses: Counter[str] = Counter()

    def rows(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Yields the row of each trade, in order, before the next line is read."""
        for line in lines:
            for trade in self._read(line):
                end_if_asked()
                trade, answer = self._answered(trade)
                simulation = trade.request.simulation if isinstance(trade, Trade) else None
                row = record_of(trade, answer, row_key(trade, arithmetic_of(simulation), self._units), self._units)
                self.statuses[row["status"]] += 1
                yield row

    def _answered(self, trade: Trade | Rejected) -> tuple[Trade | Rejected, Answer]:
        """A trade with the executor of its run, and its answer."""
        if isinstance(trade, Rejected):
            return trade, trade.why
        try:
            (request,) = with_executor([trade.request])
        except InvalidInput as error:  # an executor that this machine does not have
            return trade, error.in_one_line
        trade = replace(trade, request=request)
        return trade, answer_to(trade, self._threads)
