"""``greeks bench``."""

import click


@click.command("bench")
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads. [default: the cores available]")
def command(threads: int | None) -> None:
    """Time three workloads on this machine, beside a floor: as many of NumPy's own normals, and no more.

    Ours are drawn faster, so less than the floor is possible. Medians of five runs each, with
    standard errors of everything; takes about ten seconds on two cores.
    """
    from greeks_cli.run.workloads import measured

    click.echo("workload   seconds     floor   times the floor")
    for speed in measured(threads):
        ratio = speed.seconds / speed.floor_seconds
        click.echo(f"{speed.letter:8} {speed.seconds:9.3f} {speed.floor_seconds:9.3f} {ratio:9.1f}   {speed.what}")
