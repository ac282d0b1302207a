"""D: all 17 named Greeks of a European with a million paths, beside the price alone."""

from greeks_cli.terms.building import build_request
from tests.benchmarks.ours import priced

GOALS = {"price alone": 1 / 12}
CONTESTANTS = {
    "greeks": priced(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 1_000_000}, "all")),
    "price alone": priced(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 1_000_000}, [])),
}
