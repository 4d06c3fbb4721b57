"""`dipg-curriculum benchmark`."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dipg.app.cli.telling import json_option, tell
from dipg.app.policies import check_policy_name
from dipg.app.policy_text import ALIASES, PolicyError

if TYPE_CHECKING:
    from curricula.offline.benchmark import Results

DEFAULT = "gated,gated-point,blocks,constant"
NAMES = (
    "cliff", "no cliff", "slow learner", "noisy judge", "correlated groups", "delayed collapse",
    "drift", "drawn 1", "drawn 2", "drawn 3", "drawn 4", "reckless", "report",
)  # fmt: skip
"""Scenarios, known without loading them; a test holds them to `dipg.app.scenarios`."""

APART = ("reckless", "report")
"""Those with ladders of their own, which not every policy can climb: run only where named."""


def split_policies(text: str) -> list[str]:
    """``"gated(dwell=5, alpha=0.1),blocks"`` at the commas outside parentheses, each checked.

    Raises:
      PolicyError: none, one twice, or one that cannot be found.
    """
    parts, depth, part = [], 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    names = [ALIASES.get(p.strip(), p.strip()) for p in [*parts, part] if p.strip()]
    if not names:
        raise PolicyError("--policies names no policy")
    for name in names:
        if names.count(name) > 1:
            raise PolicyError(f"--policies names {name!r} twice")
        check_policy_name(name)
    return names


def split_scenarios(text: str | None) -> list[str]:
    """Names of scenarios; None for all on the `caution` ladder.

    Raises:
      click.UsageError: an unknown one.
    """
    if text is None:
        return [name for name in NAMES if name not in APART]
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in NAMES:
            raise click.UsageError(f"no scenario {name!r}; valid: {', '.join(NAMES)}")
    if not names:
        raise click.UsageError(f"--scenarios names none; valid: {', '.join(NAMES)}")
    return list(dict.fromkeys(names))


@click.command()
@click.option("--policies", default=DEFAULT, metavar="A,B,...", help="The first is the reference.")
@click.option(
    "--learner",
    default="surrogate",
    type=click.Choice(["surrogate", "tiny"]),
    help="tiny: the small transformer of the default run, a process a run; minutes each.",
)
@click.option("--seeds", default=64, type=click.IntRange(2), help="Paired runs of each.")
@click.option("--steps", default=900, type=click.IntRange(30), help="Of training.")
@click.option("--scenarios", metavar="A,B,...", help="[default: all but reckless and report]")
@click.option("--when", metavar="CONDITION", help="Promotion condition of the gated policies.")
@click.option(
    "--margin", default=0.01, type=click.FloatRange(0), help="Smallest difference that matters."
)
@click.option("--out", metavar="DIR", help="Write results.json, runs.csv and figures.")
@click.option("--figures", is_flag=True, help="Insist on figures (needs matplotlib).")
@click.option("--ray", "use_ray", is_flag=True, help="Run the jobs through Ray (needs the extra).")
@click.option(
    "--tune",
    metavar="A,B,...",
    help="Search these policies' numbers on training scenarios; report on held-out ones.",
)
@click.option("--trials", default=16, type=click.IntRange(2), help="Of each policy's search.")
@click.option("--calibrate", is_flag=True, help="Fit the scenario 'report'; show residuals.")
@json_option("One JSON object instead of tables.")
def benchmark(
    policies: str,
    learner: str,
    seeds: int,
    steps: int,
    scenarios: str | None,
    when: str | None,
    margin: float,
    out: str | None,
    figures: bool,
    use_ray: bool,
    tune: str | None,
    trials: int,
    calibrate: bool,
    as_json: bool,
) -> None:
    """Compare policies offline, on simulated learners.

    The learners are surrogates: a softmax over ways of responding and a skill, under real GRPO
    updates. They are models of a learner, made to show one thing each; what holds for them is a
    hypothesis about a training run.

    \b
    Examples:
      dipg-curriculum benchmark --policies gated,gated-point,blocks,constant,ramp --seeds 64
      dipg-curriculum benchmark --policies "gated,gated | cooldown(50)" --scenarios cliff,drift
      dipg-curriculum benchmark --tune gated --trials 30
      dipg-curriculum benchmark --calibrate
      dipg-curriculum benchmark --learner tiny --policies gated,constant --seeds 4 --steps 300
    """
    names = split_policies(policies)
    chosen = split_scenarios(scenarios)
    tuned = [] if tune is None else split_policies(tune)
    if when is not None:
        from curricula.conditions import parse
        from dipg.app.metrics import METRICS

        parse(when, METRICS)
    if out is not None and Path(out).exists() and not Path(out).is_dir():
        raise click.UsageError(f"--out {out!r} is a file")
    if figures:
        from curricula.offline.figures import check_figures

        check_figures()
    if learner == "tiny" and (tune is not None or scenarios is not None or use_ray):
        raise click.UsageError("--learner tiny has no scenarios, no --tune and no --ray")
    if use_ray:
        from dipg.app.schedules import check_ray

        check_ray()
    if calibrate:
        _calibrate(as_json)
        return
    from dipg.app import schedules

    schedules.keep_compiled()
    began = time.monotonic()
    runner = schedules.through_ray if use_ray else schedules.in_threads
    if tuned:
        from dipg.app.tuning import tune as search

        names = []
        for policy in tuned:
            found = search(policy, trials=trials, steps=steps, when=when, runner=runner)
            click.echo(str(found), err=as_json)
            names += [n for n in dict.fromkeys((policy, str(found.best))) if n not in names]
            chosen = list(found.held_out)
    if learner == "tiny":
        results = _tiny(names, seeds, steps, when)
    else:
        results = schedules.benchmark(
            names, chosen, seeds=seeds, steps=steps, when=when, runner=runner
        )
    data = results.to_json()
    if as_json:
        tell(data)
    else:
        _tables(data, margin)
        click.echo(f"\n{time.monotonic() - began:.0f} s")
    if out is not None:
        _write(results, data, Path(out), figures, as_json)


def _tiny(policies: list[str], seeds: int, steps: int, when: str | None) -> Results:
    from dipg.app.config import load
    from dipg.app.settings import Given
    from dipg.app.tiny import benchmark_tiny

    given: dict[str, object] = {"steps": steps, "curriculum.ladder": "caution"}
    given |= {"curriculum.block_steps": max(steps // 3, 1)}
    given |= {} if when is None else {"curriculum.when": when}
    config = load(given=[Given(key, key, value) for key, value in given.items()])
    return benchmark_tiny(policies, config, seeds)


def _calibrate(as_json: bool) -> None:
    from dipg.app.scenarios import calibration

    fit = calibration()
    if as_json:
        tell(fit.to_json())
        return
    click.echo(_grid(fit.rows()))
    click.echo(
        f"deviance {fit.deviance:.1f} on {fit.freedom} degrees of freedom, p = {fit.p_value:.2f}"
    )
    for name, value in fit.parameters.items():
        click.echo(f"  {name} = {value:.4f}")


def _grid(rows: list[list[str]]) -> str:
    """Cells as aligned text, the first column to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
        for row in rows
    )


def _percent(interval: dict[str, float]) -> str:
    low, value, high = (100 * interval[k] for k in ("lower", "value", "upper"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _points(interval: dict[str, float]) -> str:
    low, value, high = (100 * interval[k] for k in ("lower", "value", "upper"))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def _number(interval: dict[str, float]) -> str:
    return f"{interval['value']:.1f} [{interval['lower']:.1f}, {interval['upper']:.1f}]"


def _verdict(pair: dict[str, Any], margin: float) -> str:
    from curricula.offline.compare import Interval

    return Interval(**pair["difference"]).verdict(margin)


def _tables(data: dict[str, Any], margin: float) -> None:
    from dipg.app.scenarios import SCENARIOS

    click.echo(
        f"{data['seeds']} paired seeds, {data['steps']} steps, {len(data['scenarios'])} scenarios."
        " IQM and 95% bootstrap intervals; rates in %.\n"
        "right = answerable vignettes answered correctly and safely, at the end (primary)\n"
    )
    head = ["policy", "right", "mean", "return", "safe", "answers", "area", "collapsed", "moves"]
    rows = [head]
    for row in data["all"]:
        m = row["metrics"]
        rows.append([
            row["policy"], _percent(m["answered_correctly_and_safely"]), _number(m["mean"]),
            _number(m["return"]), _percent(m["safe"]), _percent(m["answer"]), _percent(m["area"]),
            _percent(row["collapse"]), f"{row['moves'][0]:.1f} up {row['moves'][1]:.1f} down",
        ])  # fmt: skip
    click.echo(_grid(rows))
    click.echo(f"\nagainst {data['reference']}, in points of 'right'")
    rows = [["policy", "difference", "P(better)", "p", "p (Holm)", f"beyond {100 * margin:g}?"]]
    for plain in [*data["versus"], data["a_a"]]:
        rows.append([
            plain["policy"], _points(plain["difference"]), _percent(plain["improvement"]),
            f"{plain['p_value']:.4f}", f"{plain['adjusted']:.4f}", _verdict(plain, margin),
        ])  # fmt: skip
    click.echo(_grid(rows))
    click.echo("A/A is the reference against itself on other draws: what it shows is noise.")
    for scenario in data["scenarios"]:
        named = SCENARIOS.get(scenario)
        told = f"{named.says}\n  {named.arithmetic()}" if named else "real GRPO, sampled figures"
        click.echo(f"\n{scenario}: {told}")
        against = {pair["policy"]: pair for pair in data["versus_by_scenario"][scenario]}
        rows = [
            [
                "  policy",
                "right",
                "safe",
                "answers",
                "collapsed",
                "to threshold",
                "first up",
                "verdict",
            ]
        ]
        for row in data["by_scenario"]:
            if row["scenario"] != scenario:
                continue
            m = row["metrics"]
            wait, first = row["wait"], row["first"]
            rows.append([
                "  " + row["policy"], _percent(m["answered_correctly_and_safely"]),
                _percent(m["safe"]), _percent(m["answer"]), _percent(row["collapse"]),
                "never" if wait is None else f"{wait:.0f}",
                "never" if first is None else f"{first:.0f}",
                _verdict(against[row["policy"]], margin) if row["policy"] in against
                else "reference",
            ])  # fmt: skip
        click.echo(_grid(rows))
    for note in data["notes"]:
        click.echo(f"\nnote: {note}")


def _write(results: Results, data: dict[str, Any], into: Path, figures: bool, quiet: bool) -> None:
    into.mkdir(parents=True, exist_ok=True)
    records = results.records()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    (into / "results.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (into / "runs.csv").write_text(text.getvalue(), encoding="utf-8")
    written = ["results.json", "runs.csv"]
    from curricula.offline.figures import FiguresError, draw_all

    try:
        from dipg.app.scenarios import BENCHMARK_LADDERS, SCENARIOS

        caution = BENCHMARK_LADDERS["caution"]
        levels = {
            s: SCENARIOS[s].break_even(BENCHMARK_LADDERS[SCENARIOS[s].ladder])
            if s in SCENARIOS
            else [caution.break_even(k) for k in range(len(caution))]
            for s in results.scenarios
        }
        written += [path.name for path in draw_all(results, into, levels)]
    except FiguresError as error:
        if figures:
            raise
        click.echo(f"no figures: {error}", err=True)
    click.echo(f"wrote {', '.join(written)} into {into}", err=quiet)
