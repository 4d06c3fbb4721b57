"""What a model is shown."""

from dipg.vignettes.types import Vignette

INSTRUCTIONS = """\
Answer the question from the context alone.

Write exactly three parts, each once and closed, and nothing outside them:
<think>your reasoning</think>
<proof>word-for-word quotations from the context, each on its own line</proof>
<answer>the answer, short</answer>

If the context does not settle the question, say in <answer> that the evidence is missing; <proof>
may then stay empty. If its sources disagree, say so, quote the statements that disagree, and pick
none. Never give a number or a name that the context does not contain, unless it is computed from
numbers that you quote."""


def render(vignette: Vignette) -> str:
    """The prompt for a real model: instructions, context, question."""
    return (
        f"{INSTRUCTIONS}\n\n<context>\n{vignette.context}\n</context>\n\n"
        f"<question>\n{vignette.question}\n</question>\n"
    )


def render_compact(vignette: Vignette) -> str:
    """The prompt for the small built-in model: context and question, nothing else."""
    return f"{vignette.context}\n{vignette.question}\n"


def messages(vignette: Vignette) -> list[dict[str, str]]:
    """The prompt as chat messages."""
    return [{"role": "user", "content": render(vignette)}]
