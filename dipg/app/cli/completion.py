"""`dipg-curriculum completion`."""

from __future__ import annotations

import click

from dipg.app.cli.telling import json_option, tell

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@json_option("The script in a JSON object, for a program that installs it.")
def completion(shell: str, as_json: bool) -> None:
    """Print the script that teaches a shell to complete this command.

    \b
    Examples:
      eval "$(dipg-curriculum completion bash)"        # in ~/.bashrc
      eval "$(dipg-curriculum completion zsh)"         # in ~/.zshrc
      dipg-curriculum completion fish | source         # in config.fish
      dipg-curriculum completion bash --json
    """
    from click.shell_completion import get_completion_class

    from dipg.app.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    made = found(cli, {}, "dipg-curriculum", "_DIPG_CURRICULUM_COMPLETE")
    if as_json:
        tell({"shell": shell, "script": made.source()})
    else:
        click.echo(made.source())
