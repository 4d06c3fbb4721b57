"""`dipg-curriculum completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that teaches a shell to complete this command.

    \b
    Examples:
      eval "$(dipg-curriculum completion bash)"        # in ~/.bashrc
      eval "$(dipg-curriculum completion zsh)"         # in ~/.zshrc
      dipg-curriculum completion fish | source         # in config.fish
    """
    from click.shell_completion import get_completion_class

    from dipg.app.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    made = found(cli, {}, "dipg-curriculum", "_DIPG_CURRICULUM_COMPLETE")
    click.echo(made.source())
