"""Exercise policies of several underlyings under models: a basis that is asked for."""

from greeks_cli.engine.exercise.on_joint_model import FitOnJointModel
from greeks_cli.engine.exercise.variants import USUAL
from greeks_cli.terms.building import build_request
from tests.models import HESTON


def test_a_basis_has_as_many_functions_as_it_says():
    own = {"spot": 100, **{name: value for name, value in HESTON.items() if name != "rate"}}
    market = {"underlying": dict.fromkeys("AB", own), "correlation": 0.3, "rate": 0.05}
    put = {"kind": "worst-of", "type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.5, 1]}
    columns = FitOnJointModel(build_request({**put, "basis": 4}, market, {}), USUAL).run()
    used = [k for k in range(10) if columns[f"continuation {k}"].any()]
    assert used == [0, 1, 2, 3]
