"""A task so small that a random model of eight words can choose: say yes, no or rest."""

import numpy as np

from curricula import Curriculum
from curricula.controllers import Gated
from tests.curricula.lab import LADDER, SCHEMA, SMALL, YARDSTICK

WORDS = ("<pad>", "<eos>", "<unk>", "yes", "no", "rest", "is", "it")
PROMPTS = ["is it", "it is", "is is it", "it it is", "is", "it", "is it is", "it is it"]


def course(controller: Gated = SMALL) -> Curriculum:
    """A curriculum over the laboratory's four terms and four events."""
    return Curriculum(controller, LADDER, YARDSTICK, SCHEMA, window=4, limits=(-25, 20))


def score(prompts, completions, **columns):
    """The first of the three words is the answer; "yes" is right after a prompt that ends in it."""
    terms, events = [], []
    for prompt, completion in zip(prompts, completions, strict=True):
        said = next((w for w in completion.split() if w in ("yes", "no", "rest")), "rest")
        right = said == ("yes" if prompt.endswith("it") else "no")
        rest = said == "rest"
        terms.append([1.0, float(right), float(rest), float(not right and not rest)])
        events.append([float(right or rest), float(not rest), 1.0, float(right)])
    return np.array(terms, np.float32), np.array(events, np.float32)
