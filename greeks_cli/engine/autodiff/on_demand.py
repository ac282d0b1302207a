"""Packages that import a name when it is first read."""

import importlib
import re
import types
from functools import cached_property
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

_IMPORT = re.compile(r"^from (\S+) import (\w+)(?: as (\w+))?", re.MULTILINE)


class OnDemand(types.ModuleType):
    """A package of names from its modules; a module is imported when a name of the module is first read.

    The code of the package, lines ``from module import name``, is read and never run.
    """

    def __init__(self, name: str, folder: Path):
        """The package ``name`` in its folder; its parent need not be imported."""
        super().__init__(name)
        spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
        assert spec is not None  # of a file of Python
        self.__spec__, self.__loader__, self.__package__ = spec, spec.loader, name
        self.__file__, self.__path__ = spec.origin, [str(folder)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        module, original = self._origins.get(name, (self.__name__, name))
        if module != self.__name__:
            found = getattr(importlib.import_module(module), original)
            setattr(self, name, found)
            return found
        try:
            return importlib.import_module(f"{module}.{original}")
        except ModuleNotFoundError:
            raise AttributeError(f"module {module!r} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self._origins})

    @cached_property
    def _origins(self) -> dict[str, tuple[str, str]]:
        """The module of every name that the code imports, and the name there."""
        source = self.__loader__.get_source(self.__name__)  # type: ignore[union-attr]  # of a file
        return {alias or name: (module, name) for module, name, alias in _IMPORT.findall(source)}
