"""Markets of each model, for tests."""

_VARIANCE = {
    "initial_variance": 0.04,
    "mean_reversion": 2.0,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.4,
    "spot_vol_correlation": -0.6,
}
_JUMPS = {"jump_intensity": 0.8, "jump_mean": -0.1, "jump_vol": 0.15}
HESTON = {"model": "heston", "rate": 0.02, **_VARIANCE}
BATES = {"model": "bates", "rate": 0.02, **_VARIANCE, **_JUMPS}
MERTON = {"model": "merton", "rate": 0.02, "vol": 0.2, **_JUMPS}
ALL = {"heston": HESTON, "bates": BATES, "merton": MERTON}
MIXED = {
    "rate": 0.02,
    "correlation": {"A,B": 0.3, "A,C": 0.5, "A,D": 0.2, "B,C": 0.2, "B,D": -0.1, "C,D": 0.3},
    "underlying": {
        "A": {"model": "heston", **_VARIANCE},
        "B": {"model": "merton", "vol": 0.3, **_JUMPS},
        "C": {"model": "bates", **_VARIANCE, **_JUMPS, "spot_vol_correlation": -0.4},
        "D": {"vol": 0.25},
    },
}
"""One underlying of each model."""
