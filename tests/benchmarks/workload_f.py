"""F: memory and time of 1e5, 1e7 and 1e8 paths, default Greeks."""

from collections.abc import Iterator

from greeks_cli.terms.building import build_request
from tests.benchmarks.contest import Contestant
from tests.benchmarks.ours import priced

PATHS = {"1e5": 10**5, "1e7": 10**7, "1e8": 10**8}
CONTESTANTS = {
    name: priced(build_request({"strike": 100}, {"vol": 0.1}, {"paths": paths})) for name, paths in PATHS.items()
}


def report() -> Iterator[str]:
    """One run each, in processes of their own."""
    for name, paths in PATHS.items():
        contestant = Contestant(__name__, name)
        seconds = contestant.run() if paths < 10**8 else contestant.first_seconds
        yield f"{name} paths: {seconds:.3f} s, {seconds / paths * 1e9:.0f} ns a path, {contestant.megabytes():.0f} MB"
