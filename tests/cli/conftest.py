"""Books on the disk."""

import json

import pytest

from tests.cli.pages import Page
from tests.cli.positions import BOOK, MARKET


@pytest.fixture
def book(tmp_path):
    """Write a book; returns its path as text."""

    def write(text, name="book.toml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def priced(greeks, tmp_path, monkeypatch):
    """Price a book with a market file; returns the rows by id, and the outcome."""

    def price(*arguments, book=BOOK, market=MARKET, name="book.csv"):
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).write_text(book)
        (tmp_path / "market.toml").write_text(market)
        outcome = greeks("batch", name, "--market", "market.toml", *arguments)
        rows = [json.loads(line) for line in outcome.out.splitlines()] if "--format" not in arguments else []
        return {row["id"]: row for row in rows}, outcome

    return price


@pytest.fixture
def results(greeks, tmp_path):
    """Price a book with batch; returns the file of its results."""

    def price(text, *arguments):
        (tmp_path / "book.toml").write_text(text)
        out = tmp_path / "results.jsonl"
        greeks("batch", str(tmp_path / "book.toml"), "-o", str(out), "--quiet", *arguments)
        return out

    return price


@pytest.fixture
def report(greeks, tmp_path):
    """Report a file, without curves unless told; returns how it ended, and the page."""

    def make(file, *arguments, curves=False):
        out = tmp_path / "report.html"
        out.unlink(missing_ok=True)
        outcome = greeks("report", str(file), "-o", str(out), *arguments, *([] if curves else ["--no-profiles"]))
        return outcome, Page(out.read_text()) if out.exists() else None

    return make
