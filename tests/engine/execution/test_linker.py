"""Plans that are run alone are linked once, whatever their numbers."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution.compile import planned, simplified
from greeks_cli.engine.execution.linker import Linked, _links
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.building import build_request

MARKETS = [{"vol": 0.2}, {"vol": 0.31, "spot": 97.0, "rate": 0.02}, {"vol": 0.23, "dividend_yield": 0.03}]
GREEKS = "price,delta,gamma,vega,theta"


def plans(**contract):
    return planned([build_request({"strike": 95.0, **contract}, market, {"paths": 4000}, GREEKS) for market in MARKETS])


def rows(linked, plan):
    normals = plan.blocks.normals(0)
    found = linked.chunked((True,)).run(Motion(plan.request.path_dates, normals), HOST)
    return {name: np.broadcast_to(row, normals.shape[1:]).tolist() for name, row in found}


@pytest.mark.parametrize("contract", [{}, {"kind": "digital"}, {"kind": "asian", "fixings": 4}], ids=str)
def test_links_of_another_plan_give_the_rows_of_links_that_are_made_anew(contract):
    found = plans(**contract)
    together = Programs(found)
    for number, plan in enumerate(found):
        for programs, own in ((together, number), (Programs([plan]), 0)):
            linked = Linked(programs, [own])
            anew = Linked(programs, [own])
            share = linked._alone
            anew._alone, anew._links = None, _links([share], [[(0, slice(0, 1))]], plan.request, False)
            assert rows(linked, plan) == rows(anew, plan)


def test_plans_of_one_program_are_linked_once(monkeypatch):
    programs = simplified(plans())
    first = Linked(programs, [0]).chunked((False,))
    monkeypatch.setattr("greeks_cli.engine.execution.linker._Merger", None)
    for number in (1, 2):
        other = Linked(programs, [number]).chunked((False,))
        assert other.common.calls is first.common.calls
        assert other.common.constants != first.common.constants
