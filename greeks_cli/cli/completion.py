"""``greeks completion``."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the lines that make a shell complete commands, options, their values and Greeks.

    \b
    bash: eval "$(greeks completion bash)"   in ~/.bashrc
    zsh:  eval "$(greeks completion zsh)"    in ~/.zshrc
    fish: greeks completion fish | source    in ~/.config/fish/config.fish
    """
    from greeks_cli.cli.main import COMPLETION, cli

    completion = get_completion_class(shell)
    assert completion is not None  # click has all three
    click.echo(completion(cli, {}, "greeks", COMPLETION).source())
