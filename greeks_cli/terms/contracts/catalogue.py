"""The catalogue: every contract by the name that flags and files use."""

import importlib
from collections.abc import Iterator, Mapping

from greeks_cli.terms.contracts.contract import Contract

_ON_ONE = {
    "european": "vanillas",
    "digital": "vanillas",
    "asian": "path_dependent",
    "barrier": "barriers",
    "double-barrier": "barriers",
    "lookback": "path_dependent",
    "forward-start": "vanillas",
    "cliquet": "periodic",
    "variance-swap": "periodic",
    "straddle": "vanillas",
    "strangle": "vanillas",
    "call-spread": "vanillas",
    "put-spread": "vanillas",
    "butterfly": "vanillas",
    "autocallable": "structured",
    "phoenix": "structured",
    "accumulator": "structured",
    "formula": "formula",
}
_ON_SEVERAL = {
    **dict.fromkeys(("basket", "spread", "exchange", "best-of", "worst-of", "rainbow"), "joint"),
    **dict.fromkeys(("two-asset-correlation", "two-asset-barrier"), "two_assets"),
}


class Catalogue(Mapping[str, type[Contract]]):
    """Contracts by name; the module of a contract is imported when the contract is asked for."""

    def __init__(self, modules: Mapping[str, str]):
        """``modules`` are those of ``terms.contracts`` that define the contracts: forward-start is ``ForwardStart``."""
        self._modules = modules

    def __getitem__(self, kind: str) -> type[Contract]:
        module = importlib.import_module(f"greeks_cli.terms.contracts.{self._modules[kind]}")
        found: type[Contract] = getattr(module, "".join(word.capitalize() for word in kind.split("-")))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


ON_ONE = Catalogue(_ON_ONE)
"""Contracts on one underlying; a formula may have several."""
ON_SEVERAL = Catalogue(_ON_SEVERAL)
"""Contracts on several underlyings."""
CONTRACTS = Catalogue(_ON_ONE | _ON_SEVERAL)
DEFAULT_CONTRACT = "european"
"""The contract where none is named."""
