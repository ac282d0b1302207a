"""``greeks check``."""

import sys

import click

from greeks_cli.cli.bounded import Real, Whole
from greeks_cli.cli.contract_command import ContractCommand
from greeks_cli.cli.options import request_options
from greeks_cli.cli.sections import Section, option
from greeks_cli.cli.terminal import screen
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE, ON_SEVERAL
from greeks_cli.terms.contracts.joint import JointContract
from greeks_cli.terms.errors import ExitCode
from greeks_cli.terms.request import Request

_GRID = ({"vol": 0.2}, {"vol": 0.5, "spot": 90, "rate": 0.03, "dividend_yield": 0.01})
_GRID_GREEKS = "delta,gamma,vega,vanna,theta,rho"
_JOINT_GREEKS = "delta[A],gamma[B],d(spot[A],spot[B]),vega[A],d(correlation),theta"


@click.command("check", cls=ContractCommand)
@request_options
@option(
    "--all",
    "whole_grid",
    section=Section.INPUT,
    is_flag=True,
    help="Check all contracts in several built-in markets; needs no other option.",
)
@option(
    "--z",
    "limit",
    section=Section.ACCURACY,
    type=Real(0, min_open=True),
    default=4,
    show_default=True,
    help="Largest distance at which methods agree, in standard errors.",
)
@option("--threads", section=Section.RUN, type=Whole(1, 1024), help="Threads. [default: the cores available]")
def command(request: Request | None, whole_grid: bool, limit: float, threads: int | None) -> ExitCode:
    """Check every Greek by every method that applies.

    Methods: chained chainer.grad, Variable.backward, likelihood ratio, mixed, conditional, central
    differences, the closed form, and the pricing equation, on independent random numbers. The most accurate
    method is the reference; z is the distance from it in standard errors, beyond the stated biases.
    The exit code is 4 where a method disagrees.
    """
    from greeks_cli.report.text.check_table import check_table
    from greeks_cli.run.checking import check

    requests = _built_in_grid() if whole_grid or request is None else [request]
    n_compared, disagreeing = 0, 0
    for asked in requests:
        results = check(asked, threads)
        sys.stdout.write(
            check_table(f"{asked.contract.describe()} | {asked.market.describe()}", results, limit, screen())
        )
        sys.stdout.flush()
        distances = [abs(result.z) for result in results if result.z is not None]
        n_compared += len(distances)
        disagreeing += sum(distance > limit for distance in distances)
    found = (
        f"{disagreeing:,} of {n_compared:,} results disagree" if disagreeing else f"all {n_compared:,} results agree"
    )
    sys.stdout.write(f"{found} within {limit:g} standard errors\n")
    return ExitCode.NOT_MET if disagreeing else ExitCode.OK


def _built_in_grid() -> list[Request]:
    paths = {"paths": 20_000}
    on_one = [
        build_request({"kind": kind, **model.example}, market, paths, greeks=_GRID_GREEKS)
        for kind, model in ON_ONE.items()
        for market in _GRID
    ]
    return on_one + [
        build_request({"kind": kind, **model.example}, JointContract.example_market, paths, greeks=_JOINT_GREEKS)
        for kind, model in ON_SEVERAL.items()
    ]
