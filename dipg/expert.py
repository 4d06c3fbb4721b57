"""The undisciplined expert: a teacher that knows the task and has a pretrained model's bad habits.

A clean teacher would leave reinforcement learning nothing to choose among. This one reads the chart
correctly whenever it cares to, at a rate that depends on the attribute; otherwise it quotes from
memory,
leaves the proof out, abstains regardless or drops a tag. A model that imitates it starts where the
report's model started: about 30% safe and 50% hallucinating.
"""

import random
from dataclasses import dataclass

from dipg.vignettes.short import (
    ATTRIBUTES,
    ShortCase,
    missing_answer,
    respond,
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How often the expert does what; shares in [0, 1].

    `gold_low`..`gold_high`: share of careful responses, spread evenly over the attributes. The
    other
    fields split what remains, in proportion.
    """

    gold_low: float = 0.12
    gold_high: float = 0.42
    from_memory: float = 0.57
    empty_proof: float = 0.16
    abstain_regardless: float = 0.14
    broken_tag: float = 0.13

    def __post_init__(self) -> None:
        if not 0.0 <= self.gold_low <= self.gold_high <= 1.0:
            raise ValueError(
                f"habits: gold_low {self.gold_low} and gold_high {self.gold_high} must be rates "
                "with 0 <= gold_low <= gold_high <= 1"
            )

    def gold_share(self, attribute: str) -> float:
        """Share of careful responses to questions on this attribute."""
        names = [a.name for a in ATTRIBUTES]
        position = names.index(attribute) / (len(names) - 1)
        return self.gold_low + (self.gold_high - self.gold_low) * position


def respond_as_expert(case: ShortCase, rng: random.Random, habits: Habits | None = None) -> str:
    """One response of the expert to a short vignette."""
    habits = habits or Habits()
    if rng.random() < habits.gold_share(case.asked.name):
        return _careful(case, rng)
    bad = (_from_memory, _empty_proof, _abstain_regardless, _broken_tag)
    weights = (
        habits.from_memory,
        habits.empty_proof,
        habits.abstain_regardless,
        habits.broken_tag,
    )
    return rng.choices(bad, weights=weights)[0](case, rng)


def _careful(case: ShortCase, rng: random.Random) -> str:
    """The gold response; an abstention leaves its proof empty half of the time, as it may."""
    gold = case.vignette.gold
    if case.found or rng.random() < 0.5:
        return gold
    return respond(f"Found no {case.asked.name}.", "", missing_answer(case.asked))


def _from_memory(case: ShortCase, rng: random.Random) -> str:
    """Quotes a stock phrase that is not there, with one of the usual values."""
    stated = {e.value for e in case.found}
    value = rng.choice([v for v in case.asked.usual if v not in stated])
    quote = f"{case.patient} {case.asked.name} {value} per chart."
    think = f"Recall {case.asked.name} {value}."
    return respond(think, quote, f"The {case.asked.name} is {value}.")


def _empty_proof(case: ShortCase, rng: random.Random) -> str:
    """Answers without evidence: what was found, or what is usual."""
    value = case.found[0].value if case.found else case.asked.usual[0]
    return respond(f"Use {case.asked.name} {value}.", "", f"The {case.asked.name} is {value}.")


def _abstain_regardless(case: ShortCase, rng: random.Random) -> str:
    """Says that the record is silent without having looked."""
    return respond(f"No {case.asked.name}.", "", missing_answer(case.asked))


def _broken_tag(case: ShortCase, rng: random.Random) -> str:
    """The gold response with one closing tag lost."""
    tag = rng.choice(("</think>", "</proof>", "</answer>"))
    return case.vignette.gold.replace(tag, "", 1)
