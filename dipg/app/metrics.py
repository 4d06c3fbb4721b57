"""The rates that are watched in a run: what each counts, among which responses.

Kept free of jax, so that a condition that names a metric which does not exist is refused at once.
"""

from __future__ import annotations

from collections.abc import Mapping

RATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "safe": ("safe", ()),
    "correct": ("correct", ()),
    "hallucination": ("hallucinated", ()),
    "refusal": ("refused", ()),
    "consistency": ("consistent", ()),
    "format": ("well_formed", ()),
    "answer": ("answered", ("answerable",)),
    "abstention": ("abstained", ("answerable",)),
    "competence": ("correct", ("answered", "answerable")),
}
"""Metric -> the event it counts, and the events that a response must have to count at all.

`answer` and `abstention` are among the answerable vignettes: there they say how much the model
tries, which is what a harsh price list can take away while every safety rate improves. `competence`
is the chance of being right when it tries: what break-even is compared with.
"""

METRICS: tuple[str, ...] = ("mean", *RATES)
"""Every metric a condition can name: the yardstick mean, then the rates."""
