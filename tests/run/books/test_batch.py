"""Trades on workers that die."""

import os

import pytest

from greeks_cli.run.books import batch
from greeks_cli.run.books.batch import price_trades
from greeks_cli.run.machine.processes import WorkerLost, worker_processes
from greeks_cli.run.price import run
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.building import build_request


def deadly(trades, threads):
    """Prices as a worker does, but ends the process at a trade named deadly."""
    if any(trade.id == "deadly" for trade in trades):
        os._exit(9)
    return batch._answers(trades, threads)


def deadly_alone(trade, threads):
    return deadly([trade], threads)[0]


def test_trade_that_kills_its_worker_twice_fails_alone(monkeypatch, executor):
    settings = {"paths": 2000, "executor": executor}
    requests = [build_request({"strike": 90.0 + i}, {"vol": 0.2}, settings) for i in range(20)]
    trades = [Trade("deadly" if i == 5 else f"T{i}", request) for i, request in enumerate(requests)]
    monkeypatch.setattr(batch, "_answers", deadly)
    monkeypatch.setattr(batch, "answer_to", deadly_alone)
    with worker_processes(2) as executor:
        found = {trade.id: answer for trade, answer in price_trades(trades, None, executor, 2)}
    assert "died twice" in found.pop("deadly")
    assert {name: one.estimates for name, one in found.items()} == {
        trade.id: run(trade.request).estimates for trade in trades if trade.id != "deadly"
    }


def test_lost_worker_raises_worker_lost():
    with pytest.raises(WorkerLost, match="has died"), worker_processes(1) as executor:
        executor.submit(os._exit, 9).result()
