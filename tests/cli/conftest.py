"""Books on the disk."""

import json

import pytest

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
