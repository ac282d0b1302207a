"""Explanations by name: of Greeks, contracts, options, topics, methods and warnings."""

import re

from greeks_cli.explain.methods import ESTIMATORS, METHOD_TOPICS, SYNONYMS, WARNINGS
from greeks_cli.explain.numbers import NUMBER_TOPICS
from greeks_cli.explain.page import entries_of, page
from greeks_cli.explain.peers import units_of_peers
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, nearest
from greeks_cli.terms.glossary import TOPICS, facts, meanings
from greeks_cli.terms.greek import CURVES, KNOWN_PARAMETERS, MODEL_PARAMETERS, NAMED, Greek, parse_greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION, is_node

WITH_NODES = (*CURVES, "dividend")
"""Parameters that may have the name of a node in brackets."""
_SAID = ("time", "dividend", CORRELATION)
"""Parameters that the facts about a Greek tell the meaning of."""
_NUMBER = re.compile(r" -?\d[\d.e+-]*")
PLAIN = (*NAMED, *TOPICS, *METHOD_TOPICS, *ESTIMATORS, *NUMBER_TOPICS)
"""Names that are explained without the models of contracts, which take time to load."""


def all_names() -> str:
    """The list of all names: Greeks, contracts, topics and options."""
    from greeks_cli.terms.contracts.catalogue import CONTRACTS

    listed = [
        ("Contracts", ", ".join(CONTRACTS)),
        ("Market", ", ".join(TOPICS)),
        ("Estimates", ", ".join((*METHOD_TOPICS, *ESTIMATORS))),
        ("Numbers", ", ".join(NUMBER_TOPICS)),
        ("Options", "by name, such as rebate or day-count"),
        ("Derivatives", "d(...) of up to four parameters, such as d(barrier) or d(spot,vol)"),
    ]
    return f"{page('Greeks', meanings())}\n\n{page('Beside Greeks', listed)}"


def explanation(name: str) -> str:
    """The explanation of a name. Raises InvalidInput for a name that nothing has."""
    name = name.strip()
    topic = name.lower().replace("_", "-")
    topic = SYNONYMS.get(topic, topic)
    if topic in TOPICS:
        return page(topic, entries_of(TOPICS[topic]))
    if entries := METHOD_TOPICS.get(topic) or NUMBER_TOPICS.get(topic) or ESTIMATORS.get(topic.replace("-", " ")):
        return page(topic, entries)
    if name.lower() not in NAMED and (found := _of_contracts(topic)):
        return found
    if warning := warning_of(name):
        return page(warning, [("warning", WARNINGS[warning])])
    word = name.lower() if name.lower() in (*NAMED, *KNOWN_PARAMETERS) else name
    return _greek(f"d({word})" if word in KNOWN_PARAMETERS else word)


def warning_of(text: str) -> str | None:
    """The first words by which a warning is known; None for a text that is none."""
    plain = _NUMBER.sub(" N", text.strip())
    return next((words for words in WARNINGS if f"{plain} ".startswith((f"{words} ", f"{words};", f"{words}:"))), None)


def _of_contracts(name: str) -> str | None:
    """The page of a contract or of an option; None for other names."""
    if "(" in name or "[" in name:
        return None
    from greeks_cli.explain.contracts import contract_page, field_page
    from greeks_cli.terms.contracts.catalogue import CONTRACTS

    option = name.removeprefix("--")
    return contract_page(option) if option in CONTRACTS else field_page(option.replace("-", "_"))


def _greek(text: str) -> str:
    try:
        greek = parse_greek(text)
    except ValueError as error:
        raise InvalidInput([Problem(("NAME",), *_unknown(text, str(error)))]) from None
    if wrong := _wrong_node(greek):
        raise InvalidInput([Problem(("NAME",), wrong, text)])
    return page(greek.name, [*facts(greek), *_parameters(greek, text), *_peers(greek)])


def _unknown(text: str, error: str) -> tuple[str, str | None]:
    """The message about a name that nothing has, and the name where the message leaves it out."""
    from greeks_cli.terms.contracts.catalogue import CONTRACTS

    near = nearest(text, [*(name for name in PLAIN if name not in NAMED), *CONTRACTS])
    if near:
        return f"unknown; did you mean '{near}'?", text
    is_none = bool(text) and error.startswith("unknown Greek") and nearest(text, NAMED) is None
    return ("unknown; greeks explain lists all names", text) if is_none else (error, None)


def _wrong_node(greek: Greek) -> str | None:
    """The mistake of a node in a parameter that has none; None where there is no mistake."""
    nodes = (name for name in greek.parameters if is_node(name) and curve_of(name) not in WITH_NODES)
    without = next((name for name in nodes if curve_of(name) in KNOWN_PARAMETERS), None)
    return without and f"'{curve_of(without)}' has no nodes; they are of {', '.join(WITH_NODES)}"


def _parameters(greek: Greek, text: str) -> list[tuple[str, str]]:
    """The meaning of the parameters of a Greek without a name. Raises InvalidInput for one that is misspelt."""
    if any(named.parameters == greek.parameters for named in NAMED.values()):
        return []
    own = dict.fromkeys(name for name in map(curve_of, greek.parameters) if name not in _SAID)
    return [entry for name in own for entry in _parameter(name, text)]


def _parameter(name: str, text: str) -> list[tuple[str, str]]:
    from greeks_cli.explain.contracts import contracts_with, meaning_of_parameter
    from greeks_cli.terms.contracts.catalogue import CONTRACTS
    from greeks_cli.terms.described import described
    from greeks_cli.terms.markets.market import Market
    from greeks_cli.terms.markets.models import models_with

    if contracts := contracts_with(name):
        if f"{name}[" in text and name in CONTRACTS[contracts[0]].parameters:
            message = f"{name} is one number; leave out the brackets"
            raise InvalidInput([Problem(("NAME",), message, text)])
        return [(name, meaning_of_parameter(name)), ("contracts", ", ".join(contracts))]
    if name in Market.model_fields:
        models = [("models", ", ".join(models_with(name)))] if name in MODEL_PARAMETERS else []
        return [(name, described(Market, name).meaning), *models]
    known = dict.fromkeys((*KNOWN_PARAMETERS, CORRELATION, *WITH_NODES))
    known |= dict.fromkeys(sorted({parameter for model in CONTRACTS.values() for parameter in model.parameters}))
    if nearest(name, known) or not name.isidentifier():
        message = f"no parameter '{name}'; {did_you_mean(name, known)}"
        raise InvalidInput([Problem(("NAME",), message, text)])
    return [(name, f"a parameter of a formula, such as --param {name}=100")]


def _peers(greek: Greek) -> list[tuple[str, str]]:
    units = units_of_peers(greek.name)
    return [("elsewhere", units)] if units else []
