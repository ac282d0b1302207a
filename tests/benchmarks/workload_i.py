"""I: a book of 1,000 Europeans, each with its own vol, spot and rate, five expiries, 100,000 paths, five Greeks."""

import random
import time
from collections.abc import Iterator

from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

TRADES = 1000
_ALONE = 20


def requests(unlike: bool) -> list[Request]:
    """The book; with one market, where it is not unlike."""
    draw = random.Random(5)
    book = []
    for _ in range(TRADES):
        contract = {
            "strike": draw.uniform(80, 120),
            "type": draw.choice(("call", "put")),
            "expiry": draw.choice((0.25, 0.5, 1, 1.5, 2)),
        }
        own = {"vol": draw.uniform(0.1, 0.5), "spot": draw.uniform(80, 120), "rate": draw.uniform(0, 0.05)}
        book.append(build_request(contract, own if unlike else {"vol": 0.2}, {}))
    return book


def report() -> Iterator[str]:
    """Seconds of both books, in one process; a few of the trades are priced alone, for the numbers are the same."""
    books = {"unlike markets": requests(True), "one market": requests(False)}
    run(books["one market"][0])
    seconds = {}
    for name, book in books.items():
        started = time.perf_counter()
        together = run_together(book)
        seconds[name] = time.perf_counter() - started
        few = range(0, TRADES, TRADES // _ALONE)
        same = all(run(book[i]).estimates == together[i].estimates for i in few)  # type: ignore[union-attr]
        yield f"{name} {seconds[name]:.1f} s; the numbers are {'those' if same else 'not those'} of single runs"
    yield f"unlike markets take {seconds['unlike markets'] / seconds['one market']:.2f} times as long"
