"""The report's story on simulated learners: writes docs/benchmark.md and its figures.

    python benchmarks/schedules.py                  # minutes on two cores
    python benchmarks/schedules.py --seeds 8 --into /tmp/page

Every sentence with a figure in it is written from the results.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from schedules_speed import COMMAND

from curricula.offline.benchmark import PRIMARY, Results
from curricula.offline.calibrate import Fit
from curricula.offline.compare import iqm
from curricula.offline.figures import draw_all
from dipg.app.scenarios import BENCHMARK_LADDERS, SCENARIOS, fitted
from dipg.app.schedules import benchmark, keep_compiled

EARLY, RECOVERED = "ramp(end=3, steps=300)", "blocks(level=3)"
POLICIES = ("constant", "gated", "gated-point", "blocks", RECOVERED, EARLY)
ON_RECKLESS = (
    "constant", "gated", "gated-point", "blocks", "ramp", "constant(severity=1)",
    "pid-lagrangian", "plateau",
)  # fmt: skip
ON_REPORT = ("constant", "gated", "gated-point", "blocks", "blocks(level=2)")
MARGIN = 0.01

HEAD = """# Schedules, compared offline

Written by `python benchmarks/schedules.py`; every figure on this page comes from that run.

The learners are **surrogates**, models of a learner under GRPO: a softmax over ways of responding
(right, grounded but wrong, foreign proof, no proof, abstaining, malformed) for each kind of
vignette, and a skill that decides whether a try comes out right. Groups are sampled, advantages
normalised within groups, the ratio clipped, the KL to the start paid
(`curricula/offline/surrogate.py`). There is no text and no transformer in it. Each scenario was
made to show one thing, and the constants were chosen by us, but for those named *drawn*: there a
seeded generator drew them from ranges that were written down, and committed, before any policy had
run on them (`drawn` in `dipg/app/scenarios.py`). What holds here is a hypothesis about a training
run, not a result of one.

*Right* is the share of answerable vignettes that are answered correctly and safely at the end, in
per cent, by exact expectation: abstaining cannot raise it. Figures are interquartile means over
{seeds} paired seeds with 95% bootstrap intervals; *collapsed* is the share of runs that end
answering less than half of what they answered at the start (Clopper-Pearson). Against `constant`,
*verdict* says whether the interval of the difference lies beyond one point (better, worse), within
it (same), or neither (unclear).

Policies: `constant` stays on the first rung; `gated` and `gated-point` are the recommended rule as
proof and as raw estimate; `blocks` is the report's soft, medium, soft; `{recovered}` the same
with the harshest rung in the middle: premature escalation and recovery; `{early}` climbs to the
harshest rung within 300 steps and stays: premature escalation without recovery.

To compare others: `dipg-curriculum benchmark --policies gated,pid,break-even --seeds 64`.
"""


def percent(interval: object, signed: bool = False) -> str:
    """``32.3 [31.8, 32.8]``."""
    form = "{:+.1f}" if signed else "{:.1f}"
    low, value, high = (
        form.format(100 * getattr(interval, k)) for k in ("lower", "value", "upper")
    )
    shown = f"{value} [{low}, {high}]"
    return shown.replace("+0.0", "0.0").replace("-0.0", "0.0")  # no sign on nothing


def table(rows: Iterable[Sequence[str]]) -> str:
    """Markdown; the first row is the head."""
    head, *body = (list(row) for row in rows)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def scenario_section(results: Results, name: str) -> str:
    """A scenario's arithmetic and table."""
    named = SCENARIOS[name]
    against = {v.policy: v for v in results.versus_in(name)}
    rows = [["policy", "right", "against constant", "verdict", "safe", "answers", "collapsed"]]
    for policy in results.sweeps:
        row, versus = results.row(policy, name), against.get(policy)
        m = row.metrics
        rows.append([
            f"`{policy}`", percent(m["answered_correctly_and_safely"]),
            percent(versus.difference, signed=True) if versus else "",
            versus.verdict(MARGIN) if versus else "reference",
            percent(m["safe"]), percent(m["answer"]), percent(row.collapse),
        ])  # fmt: skip
    held = "; held out from tuning" if named.held_out else ""
    return (
        f"### {name}\n\n{named.says.capitalize()}{held}. {named.arithmetic().capitalize()}.\n\n"
        + table(rows)
    )


def overall_section(results: Results) -> str:
    """All scenarios together, and A/A."""
    rows = [["policy", "right", "against constant", "P(better)", "p (Holm)", "verdict"]]
    versus = {v.policy: v for v in results.versus()}
    versus["A/A"] = results.equal()
    for policy in [*results.sweeps, "A/A"]:
        v = versus.get(policy)
        own = results.row(policy).metrics if policy in results.sweeps else None
        rows.append([
            f"`{policy}`" if own else policy,
            percent(own["answered_correctly_and_safely"]) if own else "",
            percent(v.difference, signed=True) if v else "",
            percent(v.improvement) if v else "",
            f"{v.adjusted:.4f}" if v else "",
            v.verdict(MARGIN) if v else "reference",
        ])  # fmt: skip
    return table(rows) + (
        "\n\nA/A is `constant` against itself on other draws: what it shows is noise. Paired runs"
        " share their chance, so that differences far too small to matter have small p-values;"
        " the verdict is what to read."
    )


def dip(results: Results, policy: str, step: int) -> str:
    """A policy against the reference while it lasts: right and answers after ``step``."""
    told = []
    for name in results.scenarios:
        one, base = (results.sweeps[p][name] for p in (policy, results.reference))
        at = int(np.argmin(abs(np.asarray(one.steps) - step)))
        fall, rest = (
            100 * float(iqm(one.curve(c)[:, at]) - iqm(base.curve(c)[:, at]))
            for c in (PRIMARY, "answer")
        )
        told.append(f"{name} {fall:+.1f} ({rest:+.1f})")
    return ", ".join(told)


def answers(results: Results, report: Results, reckless: Results) -> str:
    """Does premature escalation hurt, when, and by how much; what recovers; what the gates do."""
    lines = []
    for policy, what in (
        (EARLY, "Premature escalation without recovery"),
        (RECOVERED, "Premature escalation with recovery"),
        ("gated-point", "The raw rule"),
        ("gated", "The rule as proof"),
        ("blocks", "The report's blocks, on this ladder"),
    ):
        found: dict[str, list[str]] = {}
        for name in results.scenarios:
            v = next(v for v in results.versus_in(name) if v.policy == policy)
            detail = f"{name} ({percent(v.difference, signed=True)} points)"
            verdict = v.verdict(MARGIN)
            found.setdefault(verdict, []).append(name if verdict == "same" else detail)
        told = "; ".join(f"{verdict} in {', '.join(names)}" for verdict, names in found.items())
        lines.append(f"- **{what}** (`{policy}`): {told}.")
    lines.append(
        f"- **What the harshest block costs while it lasts**: at step 600 `{RECOVERED}` stands, in"
        f" points of right (and of answers), against constant at {dip(results, RECOVERED, 600)}."
    )
    for what, found in (
        ("On the report's own ladder, with the learner fitted to its figures", report),
        ("Where escalation is what helps (`reckless`)", reckless),
    ):
        told = ", ".join(
            f"`{v.policy}` {v.verdict(MARGIN)} ({percent(v.difference, signed=True)})"
            for v in found.versus_in(found.scenarios[0])
        )
        lines.append(f"- **{what}**: {told}.")
    return "\n".join(lines)


def fit_section(fit: Fit) -> str:
    """Counts, expectations and residuals."""
    told = (
        f"Deviance {fit.deviance:.1f} on {fit.freedom} degrees of freedom, p = {fit.p_value:.2f}:"
        " the surrogate under soft, medium, soft gives the report's block figures within their"
        " sampling error. Residuals are standardised. Refit with"
        " `dipg-curriculum benchmark --calibrate`."
    )
    rows = fit.rows()
    rows[0] = [*rows[0][:-1], "any other"]
    return table(rows) + "\n\n" + told


RECKLESS_TOLD = """On the `caution` ladder no scenario can reward escalation much, by its
arithmetic: on every rung a made-up proof pays less than abstaining and a grounded try more than a
made-up proof, so that all that a harsher rung moves for answerable vignettes is how well trying
pays beside abstaining. Escalation is rewarded where the first rung pays for something bad. The
ladder `proofs` does so: only the price of a missing or made-up proof rises along it, from nothing
(a checker that looks whether there is a proof, not whether it is in the context). Its constants
were set once, before any policy ran on it, so that competence begins below 20%, where making a
proof up pays as much as trying, and were not changed afterwards."""

LIMITS_TOLD = """## What does not reproduce, and what this cannot tell

- **The regression of block 2 is not needed to explain the report's figures.** Its medium list
  hardly moves break-even (`dipg-curriculum ladder report`), the surrogate fitted to all three
  blocks has no regression in it, and the counts lie within its sampling error. "Max fell from 36
  to 1" is one response of fifty against none. That the escalation harmed that model can be neither
  shown nor excluded with 50 responses a block.
- **Premature escalation harms where a rung asks for more than the learner can do**, not because it
  is early: compare the verdicts above with each scenario's break-even. Where every rung stays below
  its competence, early costs nothing.
- **A gate protects by not moving, and that can be wrong.** Where `gated` says *same*, it mostly
  stayed on the first rung. In the scenarios of the `caution` ladder staying is right. In `reckless`
  it is not: the gate waits for a safe model, and the model cannot become safe at prices that pay
  for what is unsafe. A rule that promotes on safety needs a first rung on which safety pays; see
  `dipg-curriculum ladder` before training.
- **What is selected and what is not.** The constants of the seven scenarios with names of their own
  were adjusted after policy results had been seen, those of delayed collapse and drift too: early
  sets showed almost no difference between policies, and the one kept is a set in which
  `gated-point` does worse than `gated` in cliff. That gap is partly selected for: read it beside
  the verdicts on the raw rule in the drawn scenarios, which are free of that. They are four draws,
  from ranges that we chose.
- Intervals are over seeds, not over scenarios. Tune on the training scenarios and report on the
  others: `--tune`.
"""


def speed_section() -> str:
    """How long it takes, measured now by a script of its own."""
    script = Path(__file__).with_name("schedules_speed.py")
    told = subprocess.run([sys.executable, script, "--json"], capture_output=True, check=True)
    f = json.loads(told.stdout)
    rows = [["", "wall", "CPU"]]
    for what, name in (("seven policies, eleven scenarios, 64 seeds", "command"),
                       ("ten policies, 1,000 seeds, one scenario", "sweep")):  # fmt: skip
        rows += [
            [f"{what}, {state}", *(f"{f[f'{name}_{state}_{t}_s']:.0f} s" for t in ("wall", "cpu"))]
            for state in ("cold", "warm")
        ]
    return (
        "## How long it takes\n\n`python benchmarks/schedules_speed.py`, on two cores, 900 steps."
        f" Seven policies are `dipg-curriculum {COMMAND}`; cold with nothing"
        " compiled, warm with the compiled programs of an earlier process. Load"
        f" of the machine {f['load_before']:.1f} before and {f['load_after']:.1f} after: above 2,"
        " wall times are of a machine that others used.\n\n" + table(rows) + "\n\n"
        f"Compiled, {f['updates_per_cpu_s'] / 1e6:.2f} million steps of learner and controller per"
        f" CPU second ({f['updates_per_wall_s'] / 1e6:.2f} million a second by the clock). Peak"
        f" memory of `gated` with 1,000 seeds: {f['peak_mib_steps']:.0f} MiB for 900 steps,"
        f" {f['peak_mib_four_times_the_steps']:.0f} MiB for 3,600."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--into", type=Path, default=Path("docs"))
    parser.add_argument("--untimed", action="store_true", help="leave out how long it takes")
    given = parser.parse_args()
    keep_compiled()
    names = [n for n, s in SCENARIOS.items() if s.ladder == "caution"]
    results = benchmark(POLICIES, names, seeds=given.seeds)
    report = benchmark(ON_REPORT, ["report"], seeds=given.seeds)
    reckless = benchmark(ON_RECKLESS, ["reckless"], seeds=given.seeds)
    images = given.into / "images" / "benchmark"
    images.mkdir(parents=True, exist_ok=True)
    levels = {n: SCENARIOS[n].break_even(BENCHMARK_LADDERS["caution"]) for n in names}
    shown = {
        "learning_curves": "Right (solid, with bands) and answered (dotted), over the steps",
        "decisions": "Severity: mean and middle half of the runs",
        "cliff": "Break-even in force (dashed) against competence (solid)",
        "probability_of_improvement": "Probability that a run of the row beats one of the column",
    }
    draw_all(results, images, levels)
    parts = [
        HEAD.format(seeds=given.seeds, recovered=RECOVERED, early=EARLY),
        "## Does premature escalation hurt?\n\n" + answers(results, report, reckless),
        "## All scenarios together\n\n" + overall_section(results),
        "## Scenario by scenario\n\nBreak-even u is for the failures that the learner makes at the"
        " start.",
        *(scenario_section(results, name) for name in names),
        scenario_section(reckless, "reckless") + "\n\n" + RECKLESS_TOLD,
        scenario_section(report, "report") + "\n\n" + fit_section(fitted()),
        *(f"![{text}](images/benchmark/{name}.svg)" for name, text in shown.items()),
        LIMITS_TOLD,
        *([] if given.untimed else [speed_section()]),
    ]
    (given.into / "benchmark.md").write_text("\n\n".join(p.strip() for p in parts) + "\n")
    print(f"wrote {given.into / 'benchmark.md'} and {len(shown)} figures")


if __name__ == "__main__":
    main()
