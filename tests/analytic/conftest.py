"""Requests under models that are not simulated."""

import pytest

from greeks_cli.terms.request import Request


@pytest.fixture
def unsimulated_models(monkeypatch):
    """Lets requests have models that closed forms alone know."""
    original = Request._problems_of_market

    def problems(request):
        return (problem for problem in original(request) if problem.path != ("market", "model"))

    monkeypatch.setattr(Request, "_problems_of_market", problems)
