"""What the terms of the rubric cost: the report's lists, a ladder that moves break-even, the
yardstick.

`REPORT` is the schedule of the report this project started from. Its medium list is hardly more
cautious than its soft one, as it makes not trying dearer along with failing; `CAUTION` raises only
the price of failed attempts, so that each rung moves the break-even (see `curricula.penalties`).
"""

from collections.abc import Mapping

from curricula.penalties import Outcomes, PenaltyConfig, PenaltyLadder
from dipg.rubric.criteria import TERMS

__all__ = [
    "CAUTION",
    "EVALUATION",
    "HARD",
    "LADDERS",
    "LIMITS",
    "MEDIUM",
    "ORIGINAL_NAMES",
    "PENALTIES",
    "PRICE_LISTS",
    "REPORT",
    "REWARDS",
    "SOFT",
    "TERMS",
    "PricingError",
    "caution_price",
    "read_prices",
]

REWARDS = TERMS[:6]
PENALTIES = TERMS[6:]

ORIGINAL_NAMES: dict[str, str] = {
    "exact_format_reward": "exact_format",
    "no_hallucination_reward": "no_hallucination",
    "verifiable_trace_reward": "verifiable_trace",
    "correct_synthesis_reward": "correct_answer",
    "correct_abstention_reward": "correct_abstention",
    "conflict_reward": "conflict",
    "format_mismatch_penalty": "format_mismatch",
    "missing_trace_penalty": "missing_trace",
    "hallucinated_trace_penalty": "hallucinated_trace",
    "hallucination_penalty": "hallucination",
    "proof_inconsistency_penalty": "proof_inconsistency",
    "incorrect_answer_penalty": "incorrect_answer",
    "abstain_penalty": "wrong_abstention",
    "conflict_penalty": "false_conflict",
}
"""Names of the original environment -> ours; both are accepted wherever prices are read."""

UNPRICED_NAMES = ("abstain_reward", "missing_answer_penalty")
"""Names of the original that its own scoring does not use for any outcome; accepted, without
effect."""


class PricingError(ValueError):
    """A price list that cannot be read; names the term and the valid ones."""


def _list(*prices: float) -> PenaltyConfig:
    return PenaltyConfig.from_mapping(
        dict(zip(TERMS, (*prices, 0.0, 0.0), strict=True)), rewards=REWARDS, penalties=PENALTIES
    )


SOFT = _list(10, 5, 15, 20, 30, 20, -10, -5, -10, -5, -5, -5, -5, -5)
MEDIUM = _list(10, 5, 15, 20, 30, 20, -10, -10, -15, -10, -10, -10, -10, -10)
HARD = _list(10, 5, 15, 20, 30, 20, -10, -15, -25, -20, -20, -20, -15, -15)
EVALUATION = _list(10, 1, 10, 10, 15, 10, -10, -15, -25, -20, -20, -20, -15, -15)
"""The yardstick, decoded from the report's logs: 36 for a right abstention with a quote, 31 for a
right answer, 1 for a grounded but wrong one, -5 without a proof, -15 with a foreign one."""

LIMITS = (-50.0, 36.0)
"""Lowest and highest reward of one response under `EVALUATION`."""

_GROUNDED = ("exact_format", "no_hallucination", "verifiable_trace")
_FAILURES = {
    "foreign proof": ("exact_format", "hallucinated_trace"),
    "no proof": ("exact_format", "missing_trace"),
    "grounded but wrong": (*_GROUNDED, "incorrect_answer"),
    "invented value": ("exact_format", "hallucination", "proof_inconsistency", "incorrect_answer"),
}
_MIX = {"foreign proof": 0.70, "no proof": 0.15, "grounded but wrong": 0.10, "invented value": 0.05}


def _outcomes(mix: Mapping[str, float]) -> Outcomes:
    return Outcomes(
        right=(*_GROUNDED, "correct_answer"),
        abstention=("exact_format", "no_hallucination", "wrong_abstention"),
        failures=_FAILURES,
        mix=mix,
    )


REPORT = PenaltyLadder(
    "report",
    [("soft", SOFT), ("medium", MEDIUM), ("hard", HARD)],
    outcomes=_outcomes({"foreign proof": 1.0}),
)
"""The report's lists: u against foreign proofs is 0.20, 0.18, 0.23."""


def caution_price(break_even: float) -> float:
    """Price of a failed attempt at which trying pays from a chance of `break_even` upwards.

    Under the soft list a right answer pays R = 50 and a wrong abstention A = 10, so that
    u = (A - L) / (R - L) asks for L = (10 - 50 u) / (1 - u). With one price -x on every failed
    attempt and 70% foreign proofs, 15% missing ones, 10% grounded but wrong answers and 5% invented
    values (which carry it three times), L = 12 - 1.1 x.
    """
    failed = (10 - 50 * break_even) / (1 - break_even)
    return -(12 - failed) / 1.1


def _cautious(break_even: float) -> PenaltyConfig:
    price = caution_price(break_even)
    failed = ("missing_trace", "hallucinated_trace", "hallucination", "proof_inconsistency")
    return SOFT.replace(**dict.fromkeys((*failed, "incorrect_answer"), price))


CAUTION = PenaltyLadder(
    "caution",
    [(f"u{u:.2f}", _cautious(u)) for u in (0.10, 0.25, 0.40, 0.55)],
    outcomes=_outcomes(_MIX),
)
"""Rungs of break-even 0.10, 0.25, 0.40, 0.55, for failures of which 70% are foreign proofs, 15%
missing ones, 10% grounded but wrong answers, 5% invented values. Rewards and the price of a wrong
abstention stay those of the soft list on every rung."""

LADDERS: dict[str, PenaltyLadder] = {"report": REPORT, "caution": CAUTION}
PRICE_LISTS: dict[str, PenaltyConfig] = {
    "soft": SOFT,
    "medium": MEDIUM,
    "hard": HARD,
    "evaluation": EVALUATION,
}


def read_prices(
    prices: Mapping[str, float], base: PenaltyConfig = EVALUATION, where: str = "prices"
) -> PenaltyConfig:
    """Read a price list: `base` with the named prices changed; our names and the original's.

    Raises:
      PricingError: an unknown term, one given under both of its names, or a price that is no number
        or has the wrong sign.
    """
    read: dict[str, float] = {}
    for name, price in prices.items():
        if name in UNPRICED_NAMES:
            continue
        term = ORIGINAL_NAMES.get(name, name)
        if term not in TERMS:
            raise PricingError(f"{where}: no term {name!r}; terms: {', '.join(TERMS)}")
        if term in read:
            raise PricingError(f"{where}: {term!r} is priced twice")
        if isinstance(price, bool) or not isinstance(price, int | float):
            raise PricingError(f"{where}: price of {name!r} must be a number, got {price!r}")
        read[term] = float(price)
    try:
        return PenaltyConfig.from_mapping(
            {**base.to_mapping(), **read}, rewards=REWARDS, penalties=PENALTIES
        )
    except ValueError as error:
        raise PricingError(f"{where}: {error}") from None
