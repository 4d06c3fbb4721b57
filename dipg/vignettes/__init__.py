"""Vignettes: what they are, where they come from, how they are stored.

All medical content is synthetic, for research, and not for clinical use.
"""

from typing import Literal

from dipg.vignettes.types import KINDS, Expected, Kind, Shares, Vignette, VignetteError

__all__ = [
    "KINDS",
    "Expected",
    "Kind",
    "Shares",
    "Vignette",
    "VignetteError",
    "generate",
]

Size = Literal["short", "full"]
Split = Literal["train", "evaluation"]


def generate(
    size: Size,
    *,
    split: Split,
    count: int,
    seed: int = 0,
    shares: Shares | None = None,
) -> list[Vignette]:
    """Make `count` vignettes, the same ones for the same arguments.

    The first n of a larger count equal a count of n. The evaluation split shares neither a patient
    nor a phrasing with training.

    Args:
      size: `short` for the small built-in model, `full` for real ones (8 to 14 sentences).
      split: `train` or `evaluation`.
      count: how many.
      seed: of the generator.
      shares: of the kinds.

    Raises:
      VignetteError: an unknown size or split, or a negative count.
    """
    if size not in ("short", "full"):
        raise VignetteError(f"size must be 'short' or 'full', got {size!r}")
    if split not in ("train", "evaluation"):
        raise VignetteError(f"split must be 'train' or 'evaluation', got {split!r}")
    if count < 0:
        raise VignetteError(f"count must be >= 0, got {count}")
    if size == "short":
        from dipg.vignettes.short import generate_short

        return generate_short(split, count, seed, shares or Shares())
    from dipg.vignettes.full import generate_full

    return generate_full(split, count, seed, shares or Shares())
