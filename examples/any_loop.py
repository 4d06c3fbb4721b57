"""A curriculum around a training loop of your own: prices out, facts in.

    python examples/any_loop.py [DIRECTORY]

The "model" is one number, how often it is right when it answers; it learns a little at every step,
and gives up where answering does not pay. With a directory, receipts are written, and
`dipg-curriculum report DIRECTORY` has something to tell.
"""

import sys

import numpy as np

from curricula import Curriculum, Outcomes, PenaltyConfig, PenaltyLadder, Rate, Schema, Session
from curricula.conditions import parse
from curricula.controllers import gated

PROMPTS, GROUP = 8, 8
TERMS = ("right", "rest", "wrong")
SOFT = PenaltyConfig.from_mapping({"right": 20.0, "rest": 0.0, "wrong": -5.0})
LADDER = PenaltyLadder(
    "example",
    [("soft", SOFT), ("hard", SOFT.replace(wrong=-20.0))],
    Outcomes(right=("right",), abstention=("rest",), failures={"wrong": ("wrong",)}),
)
SCHEMA = Schema(
    TERMS,
    events=("safe", "answered"),
    rates={"safe": Rate("safe"), "answer": Rate("answered")},
    attempt="answered",
)


class Model:
    """Right with probability `skill`, silent where `courage` fails it."""

    def __init__(self) -> None:
        self.skill, self.courage, self.rng = 0.5, 0.9, np.random.default_rng(0)

    def respond(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What happened in a step's responses: terms, events, groups."""
        answered = self.rng.random(PROMPTS * GROUP) < self.courage
        right = answered & (self.rng.random(PROMPTS * GROUP) < self.skill)
        wrong = answered & ~right
        groups = np.repeat(np.arange(PROMPTS), GROUP)
        return np.stack([right, ~answered, wrong], 1), np.stack([~wrong, answered], 1), groups

    def learn(self, terms: np.ndarray, rewards: np.ndarray) -> None:
        """Towards what paid more than the rest."""
        self.skill = min(0.99, self.skill + 0.01)
        tried = terms[:, 1] == 0
        if tried.any() and not tried.all():
            better = rewards[tried].mean() > rewards[~tried].mean()
            self.courage = float(np.clip(self.courage + (0.01 if better else -0.02), 0.05, 0.99))


def main() -> None:
    """Eighty steps, with what was decided."""
    curriculum = Curriculum(
        gated(parse("mean > 5 and safe > 85% and answer > 70%")), LADDER, SOFT, SCHEMA, window=16
    )
    log = sys.argv[1] if len(sys.argv) > 1 else None
    session, model = Session(curriculum, PROMPTS * GROUP, PROMPTS, log=log), Model()
    for _ in range(80):
        terms, events, groups = model.respond()
        model.learn(terms, session.penalties.rewards(terms))
        receipt = session.observe(terms, events, groups)
        if receipt is not None and receipt.moved:
            print(f"after step {receipt.step}: {receipt.sentence}")
    print(f"ended on {session.rung}, skill {model.skill:.2f}, courage {model.courage:.2f}")


if __name__ == "__main__":
    main()
