"""Named surrogate learners to compare policies on, and the break-even arithmetic of each."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections import Counter
from collections.abc import Mapping

import numpy as np

from curricula.offline.calibrate import Fit, calibrate, fit_of
from curricula.offline.stage import Arena, Stage
from curricula.offline.surrogate import Scenario, ways_of_start
from curricula.offline.tables import EXAMPLE
from curricula.offline.ways import WAYS
from curricula.penalties import PenaltyConfig, PenaltyLadder
from dipg.app.ways import ways
from dipg.pricing import EVALUATION, LADDERS, LIMITS, SOFT

__all__ = [
    "BENCHMARK_LADDERS",
    "SCENARIOS",
    "Named",
    "arena",
    "calibration",
    "fitted",
    "scenario_of_report",
]

KINDS = 3  # answer, abstain, conflict, as in `dipg.app.ways`


@dataclasses.dataclass(frozen=True, eq=False)
class Named:
    """A scenario with its name.

    Attributes:
      name, says: for people. scenario: the learner.
      held_out: not to be tuned on. ladder: of prices.
    """

    name: str
    says: str
    scenario: Scenario
    held_out: bool = False
    ladder: str = "caution"

    def start(self) -> dict[str, float]:
        """Competence of a try and the mix of its failures at the start, on answerable vignettes."""
        chances = np.asarray(ways_of_start(self.scenario, ways()))[0]
        of = dict(zip(WAYS, chances.tolist()))
        tried = sum(of[w] for w in ("right", "wrong", "foreign", "no proof"))
        return {"competence": of["right"] / tried, **of}

    def break_even(self, ladder: PenaltyLadder) -> list[float]:
        """u of each rung for the failures that this learner makes at the start."""
        of = self.start()
        mix = {"foreign proof": of["foreign"], "no proof": of["no proof"]}
        mix["grounded but wrong"] = of["wrong"]
        return [ladder.break_even(float(k), mix) for k in range(len(ladder))]

    def arithmetic(self) -> str:
        """One line: what the rungs ask for, and what the learner can do."""
        ladder, ceiling = BENCHMARK_LADDERS[self.ladder], float(np.asarray(self.scenario.ceiling))
        u = ", ".join(f"{x:.2f}" for x in self.break_even(ladder))
        return (
            f"right in {self.start()['competence']:.0%} of its tries at the start,"
            f" at most {ceiling:.0%}; break-even by rung {u}"
        )


def _intend(*, tries: float, foreign: float, unproven: float, rests: float) -> np.ndarray:
    """Intentions of the three kinds; abstention is likelier where evidence is missing."""
    broken = 0.03
    rows = []
    for times in (1.0, 15.0, 3.0):
        row = np.array([tries, foreign, unproven, rests * times, broken])
        rows.append(row / row.sum())
    return np.asarray(rows, np.float32)


WARM = _intend(tries=0.76, foreign=0.12, unproven=0.06, rests=0.04)
"""After a warm-up by an undisciplined expert: it tries, and sometimes cites from memory."""


def _learner(competence: float, start: np.ndarray = WARM, **nature: float) -> Scenario:
    usual = {"rate": 0.12, "pace": 0.1, "clumsy": 0.1}
    return Scenario(start, np.full(KINDS, competence, np.float32), **(usual | nature))


REPORT_FIT: Mapping[str, float] = {
    "foreign": -0.6085, "no proof": -0.1298, "abstain": -1.7955, "log rate": -5.3163,
}  # fmt: skip
"""What `dipg-curriculum benchmark --calibrate` found."""


def scenario_of_report(parameters: Mapping[str, float] = REPORT_FIT) -> Scenario:
    """A learner fitted to the report's 150 evaluated responses.

    It never answers right, as in the report, where 110 of 150 responses were grounded and wrong,
    and none was a right answer. Fitted: logits of a foreign proof and of an empty one against a
    grounded try, of abstaining where that is right, and the learning rate's logarithm.
    """
    p, never, broken = parameters, -6.0, -7.0
    rows = [[0.0, p["foreign"], p["no proof"], x, broken] for x in (never, p["abstain"], never)]
    shares = np.exp(np.asarray(rows))
    return Scenario(
        (shares / shares.sum(-1, keepdims=True)).astype(np.float32),
        np.full(KINDS, 0.002, np.float32),
        rate=float(np.exp(p["log rate"])),
        beta=0.08,
        clumsy=0.0,
    )


def _proofs(price: float) -> PenaltyConfig:
    wrong = {"incorrect_answer": -30.0, "wrong_abstention": -15.0}
    return SOFT.replace(hallucinated_trace=price, missing_trace=price, **wrong)


PROOFS = PenaltyLadder(
    "proofs",
    [(name, _proofs(price)) for name, price in (("lax", 0.0), ("strict", -20.0), ("hard", -40.0))],
    outcomes=LADDERS["caution"].outcomes,
)
"""Only the price of a missing or made-up proof rises. On the first rung it is free: such a response
earns 10 for its form, a grounded try 50 or 0, so that below 20% competence making them up pays."""

BENCHMARK_LADDERS: Mapping[str, PenaltyLadder] = {**LADDERS, PROOFS.name: PROOFS}

RECKLESS = _intend(tries=0.45, foreign=0.45, unproven=0.04, rests=0.04)
"""As likely to make a proof up as to look for one."""

DRAWN = 4  # scenarios whose constants are drawn


def drawn(number: int) -> Named:
    """A held-out scenario whose constants nobody chose: each drawn by itself from a stated range.

    Written down, ranges and seeds, before any policy had been run on any of them; neither may be
    changed in the light of results.
    """
    rng = np.random.default_rng([20_261_123, number])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def about(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    start = _intend(
        tries=between(0.4, 0.8), foreign=about(0.05, 0.4), unproven=about(0.02, 0.1),
        rests=about(0.02, 0.2),
    )  # fmt: skip
    ceiling = between(0.4, 0.95)
    competence = ceiling * between(0.2, 0.8)
    since = between(100, 500)
    return Named(
        f"drawn {number}",
        "constants drawn at random before any policy was run",
        Scenario(
            start, np.full(KINDS, competence, np.float32), ceiling=ceiling, rate=about(0.06, 0.24),
            pace=about(0.02, 0.3), clumsy=between(0, 0.5), grasp=between(0.4, 0.9),
            spread=between(0.5, 3), noise=between(0, 0.1), forget=about(0.001, 0.03),
            drift=between(0, 2), drift_from=since, drift_until=since + 300,
        ),
        held_out=True,
    )  # fmt: skip


SCENARIOS: Mapping[str, Named] = {
    s.name: s
    for s in (
        Named(
            "cliff",
            "the harshest rungs ask for more than the learner can ever do",
            _learner(0.30, ceiling=0.45, pace=0.05, clumsy=0.03),
        ),
        Named("no cliff", "able from the start: no rung asks for more than it can do",
              _learner(0.75, pace=0.2)),
        Named("slow learner", "skill grows slowly, so that there is much time to be too early",
              _learner(0.25, pace=0.03, clumsy=0.05)),
        Named("noisy judge", "the judge takes 8% of the responses for others",
              _learner(0.45, noise=0.08)),
        Named("correlated groups", "prompts differ so much that a group is right or wrong together",
              _learner(0.45, spread=3.0)),
        Named("delayed collapse", "skill that is not used is lost, so that harm shows late",
              _learner(0.40, ceiling=0.6, forget=0.03, pace=0.05, clumsy=0.03), held_out=True),
        Named("drift", "prompts get harder from step 400 to 700, by two logits",
              _learner(0.55, drift=2.0, drift_from=400.0, drift_until=700.0), held_out=True),
        *(drawn(number) for number in range(1, DRAWN + 1)),
        Named("reckless", "made-up proofs pay until they are priced: escalation is what helps",
              _learner(0.10, start=RECKLESS, clumsy=0.0), ladder="proofs"),
        Named("report", "fitted to the report's evaluations of its three blocks",
              scenario_of_report(), held_out=True, ladder="report"),
    )
}  # fmt: skip


TABLE = ways()


@functools.cache
def arena(ladder: str = "caution", **sizes: int) -> Arena:
    """Eight prompts of eight responses a step, as in the default run, on a ladder by name."""
    return Arena(TABLE, BENCHMARK_LADDERS[ladder], EVALUATION, LIMITS, **sizes)


BLOCKS = (300, 600, 900)
REWARDS = (36.0, 1.0, -5.0, -15.0)


def report_counts() -> np.ndarray:
    """``[3, 4]`` responses of the report's three evaluations that earned each of `REWARDS`."""
    data = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    counted = (Counter(data[f"grpo_{step}"]["rewards"]) for step in BLOCKS)
    return np.array([[c[reward] for reward in REWARDS] for c in counted], float)


def _report_stage() -> Stage:
    from curricula.controllers import blocks

    return arena("report", generations=4, width=64).stage(blocks())


def fitted(seeds: int = 64) -> Fit:
    """How well the scenario "report" gives the report's figures back."""
    return fit_of(
        _report_stage(), scenario_of_report(), report_counts(), BLOCKS, REWARDS, REPORT_FIT, seeds
    )


def calibration(evaluations: int = 150) -> Fit:
    """The same, fitted anew."""
    return calibrate(
        _report_stage(), scenario_of_report, REPORT_FIT, report_counts(), BLOCKS, REWARDS,
        evaluations=evaluations,
    )  # fmt: skip
