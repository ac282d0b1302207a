"""Monte Carlo option prices and Greeks of any order, each with an honest error bar.

>>> import greeks_cli as greeks
>>> result = greeks.price(strike=100, vol=0.2, greeks="delta,gamma")
>>> result.price.value, result.price.stderr, result["delta"].value  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greeks_cli.api import batch as batch
    from greeks_cli.api import calibrate as calibrate
    from greeks_cli.api import check as check
    from greeks_cli.api import explain_pnl as explain_pnl
    from greeks_cli.api import price as price
    from greeks_cli.api import profile as profile
    from greeks_cli.api import scenarios as scenarios

__version__ = "0.1.0"
_FUNCTIONS = ("batch", "calibrate", "check", "explain_pnl", "price", "profile", "scenarios")


def __getattr__(name: str) -> Any:
    """A function of the Python interface, or a class: an answer, an error, or a term such as ``European``.

    They are imported when they are first used.
    """
    import importlib

    if name in _FUNCTIONS or name[:1].isupper():
        found = importlib.import_module("greeks_cli.api").named(name)
        if found is not None:
            return globals().setdefault(name, found)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS])
