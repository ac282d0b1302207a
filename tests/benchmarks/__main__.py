"""``uv run --group bench python -m tests.benchmarks [LETTERS]``: every workload, one table."""

import importlib
import sys

from tests.benchmarks.contest import contest

CONTESTS, REPORTS = "ABCDJK", "EFGHILM"


def show_contest(letter: str) -> None:
    """Seconds and memory of every contestant, and how many times faster we are."""
    module = importlib.import_module(f"tests.benchmarks.workload_{letter.lower()}")
    print(f"\n{module.__doc__}")
    scores = contest(module.__name__)
    ours = scores["greeks"].seconds
    for name, score in scores.items():
        ratio = "" if name == "greeks" else f"greeks is {score.seconds / ours:6.2f} times as fast"
        goal = f"(goal {module.GOALS[name]:.2f})" if name in module.GOALS else ""
        lacks = f"without {module.LACKS[name]}" if name in getattr(module, "LACKS", {}) else ""
        print(
            f"{name:14} {score.seconds:8.3f} s  first {score.first_seconds:7.3f} s {score.megabytes:6.0f} MB ",
            f"{ratio} {goal} {lacks}".rstrip(),
        )


def show_report(letter: str) -> None:
    """The lines of a workload that is not a contest."""
    module = importlib.import_module(f"tests.benchmarks.workload_{letter.lower()}")
    print(f"\n{module.__doc__}")
    for line in module.report():
        print(line, flush=True)


if __name__ == "__main__":
    for chosen in (sys.argv[1] if len(sys.argv) > 1 else CONTESTS + REPORTS).upper():
        (show_contest if chosen in CONTESTS else show_report)(chosen)
