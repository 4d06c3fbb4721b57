"""The command `dipg-curriculum`: which subcommands there are, and how it ends.

Each subcommand is a module that is loaded when it is called, and no such module loads jax before it
has checked what it was given. So `--help` and every refusal come at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any, NamedTuple

import click

from dipg.app.cli.refusals import is_refusal


class Command(NamedTuple):
    """Where a subcommand is, and its line in the list of commands."""

    target: str
    summary: str


COMMANDS = {
    "run": Command("dipg.app.cli.run:run", "Train a model under a curriculum policy."),
    "watch": Command("dipg.app.cli.watch:watch", "Follow a run that goes on elsewhere."),
    "report": Command("dipg.app.cli.report:report", "Write a run's report, or compare runs."),
    "policies": Command("dipg.app.cli.policies:policies", "Explain each curriculum policy."),
    "ladder": Command("dipg.app.cli.ladder:ladder", "Explain a ladder of price lists."),
    "certify": Command("dipg.app.cli.certify:certify", "Measure how often a policy errs."),
    "new-policy": Command("dipg.app.cli.new_policy:new_policy", "Start a policy of your own."),
    "benchmark": Command("dipg.app.cli.benchmark:benchmark", "Compare policies offline."),
    "replay": Command("dipg.app.cli.replay:replay", "Decide again on a recorded run."),
    "score": Command("dipg.app.cli.score:score", "Score responses against the rubric."),
    "evaluate": Command("dipg.app.cli.evaluate:evaluate", "Summarise scored responses."),
    "export": Command("dipg.app.cli.export:export", "Write a run's model for transformers."),
    "vignettes": Command("dipg.app.cli.vignettes:vignettes", "Generate clinical vignettes."),
    "plan": Command("dipg.app.cli.plan:plan", "Say what fits a TPU, and how fast it can be."),
    "serve": Command("dipg.app.cli.serve:serve", "Serve the environment over HTTP."),
    "doctor": Command("dipg.app.cli.doctor:doctor", "Say what is installed and what is missing."),
    "completion": Command(
        "dipg.app.cli.completion:completion", "Teach a shell to complete this command."
    ),
}


class LazyGroup(click.Group):
    """A group that loads a subcommand when it is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from dipg.app.settings import did_you_mean, quote

            hint = f"{did_you_mean(args[0], COMMANDS)}valid: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {quote(args[0])}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="dipg-curriculum", prog_name="dipg-curriculum")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Decide when a model is ready for harsher penalties in GRPO.

    \b
    Examples:
      dipg-curriculum run --policy gated     train; escalate when the evidence is there
      dipg-curriculum policies               what the policies are
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(args: list[str] | None = None) -> None:
    """Run the command line and end the process.

    Exit codes: 0 done; 2 the input cannot be used (one line on stderr says why); 130 interrupted.
    Whatever else goes wrong is a fault of the program and keeps its traceback.
    """
    sys.exit(invoke(args))


def invoke(args: list[str] | None = None) -> int:
    """Run the command line; the exit code. Separate from `main` so that it can be called."""
    try:
        result: Any = cli.main(args, prog_name="dipg-curriculum", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _refuse(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except ValueError as error:
        if not is_refusal(error):
            raise
        return _refuse(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        # Standard output: every file of ours names itself. What is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"Error: what is printed cannot be written: {error.strerror}", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _refuse(message: str) -> int:
    click.echo("Error: " + " ".join(message.split()), err=True)
    return 2
