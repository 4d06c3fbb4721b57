"""How fast responses are scored, side by side with the original package where it is installed.

    python benchmarks/scoring.py              ours alone
    pip install "dipg-curriculum[gym]"        for the comparison

Rates are per second of CPU time of one process (`time.process_time`), best of three passes, so
that a busy machine changes them little. Nothing is kept between passes: every pass has vignettes
of its own.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from dipg.environment import score_batch
from dipg.vignettes import Vignette, generate

THOUGHT = (
    "The record has several sources and each of them has to be read. The question asks for one "
    "value "
    "and one patient, so the lines on the other patient can be left aside. "
)
Scorer = Callable[[Sequence[Vignette], Sequence[str]], object]


def short_batch(seed: int) -> tuple[list[Vignette], list[str]]:
    """2,000 short responses: 250 vignettes, eight responses each, as the expert writes them."""
    from dipg.expert import respond_as_expert
    from dipg.vignettes.short import short_cases

    rng = random.Random(seed)
    cases = [c for c in short_cases("train", 250, seed) for _ in range(8)]
    return [c.vignette for c in cases], [respond_as_expert(c, rng) for c in cases]


def full_batch(seed: int) -> tuple[list[Vignette], list[str]]:
    """1,000 full responses of 1.3 kB: 125 vignettes, eight different responses each.

    As real models write them: more than half is thinking, the proof has three quotations, the
    answer a sentence or two.
    """
    rng = random.Random(seed)
    vignettes, responses = [], []
    for vignette in generate("full", split="train", count=125, seed=seed):
        lines = [s.strip(". ") + "." for s in vignette.context.split(". ")]
        for _ in range(8):
            proof, answer = vignette.gold.split("</think>")[1].split("</proof>")
            more = rng.sample(lines, 2)
            proof = proof.replace("<proof>", f"<proof>{more[0]}\n") + f"\n{more[1]}</proof>"
            answer = answer.replace(
                "</answer>", f" The record says so: {rng.choice(lines)}</answer>"
            )
            think = f"Attempt {rng.random()}. {rng.choice(lines)} {THOUGHT * 9}"
            think = think[: max(0, 1300 - len(proof) - len(answer) - 15)]
            vignettes.append(vignette)
            responses.append(f"<think>{think}</think>{proof}{answer}")
    return vignettes, responses


def long_batch(seed: int) -> tuple[list[Vignette], list[str]]:
    """Responses of 28 kB that have run away: their proof quotes on and on, nearly right.

    The records are of 3 kB, as those of the published data sets often are.
    """
    parts = generate("full", split="train", count=12, seed=seed)
    vignettes, responses = [], []
    for i, vignette in enumerate(parts[:4]):
        context = " ".join(p.context for p in parts[i::4])
        lines = [s.strip(". ") for s in context.split(". ")]
        for k in range(8):
            quotes = [f"{n}. {lines[(n + k) % len(lines)]} (quoted)." for n in range(400)]
            proof = "\n".join(quotes)[:27_000]
            vignettes.append(replace(vignette, context=context))
            responses.append(
                f"<think>{THOUGHT * 5}</think><proof>{proof}</proof><answer>x</answer>"
            )
    return vignettes, responses


def rate(
    scorer: Scorer, batch: Callable[[int], tuple[list[Vignette], list[str]]], passes: int
) -> float:
    """Responses per CPU second, best pass; every pass has its own vignettes."""
    best = 0.0
    for seed in range(passes):
        vignettes, responses = batch(seed + 101)
        start = time.process_time()
        scorer(vignettes, responses)
        best = max(best, len(responses) / (time.process_time() - start))
    return best


def original() -> Scorer | None:
    """The original's scorer, None where it is not installed."""
    from dipg.gym import GymError, OriginalEnvironment

    try:
        return OriginalEnvironment().score
    except GymError:
        return None


def monsters() -> dict[str, float]:
    """CPU seconds for responses of 200 kB."""
    vignette = generate("full", split="train", count=1)[0]
    spent = {}
    pieces = {
        "words": "not stated ",
        "numbers": "54 Gy ",
        "shares": "to 5 from 4 by 3 % ",
        "sums": "54 Gy x 30 = 1620 Gy ",
        "names": "panobinostat and vorinostat ",
        "quotes": '"a" ',
    }
    for name, piece in pieces.items():
        text = (piece * 200_000)[:200_000]
        for where in ("proof", "answer"):
            proof, answer = (text, "54 Gy") if where == "proof" else ("x", text)
            response = f"<think>x</think><proof>{proof}</proof><answer>{answer}</answer>"
            start = time.process_time()
            score_batch([vignette], [response])
            spent[f"200 kB of {name} as {where}"] = time.process_time() - start
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--passes", type=int, default=3)
    passes = parser.parse_args().passes
    theirs = original()
    print("| responses | ours, 1/s | original, 1/s | ratio |\n|---|---:|---:|---:|")
    batches = {"short": short_batch, "full, 1.3 kB": full_batch, "28 kB": long_batch}
    for name, batch in batches.items():
        ours = rate(score_batch, batch, passes)
        other = rate(theirs, batch, passes if name != "28 kB" else 1) if theirs else None
        compared = f"{other:,.1f} | {ours / other:,.1f}" if other else "not installed | "
        print(f"| {name} | {ours:,.0f} | {compared} |")
    print()
    for name, seconds in monsters().items():
        print(f"{name}: {seconds * 1000:.0f} ms")


if __name__ == "__main__":
    main()
