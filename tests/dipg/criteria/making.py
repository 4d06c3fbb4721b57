"""Claims and responses made by hand, for tests of one criterion at a time."""

from dipg.rubric import assess
from dipg.rubric.claims import joined, read_answer
from dipg.rubric.findings import read_task
from dipg.rubric.mentions import Claim
from dipg.vignettes import Expected, Vignette

CONTEXT = (
    "Patient KT33 was treated in arm 1 by Dr Lindqvist. Patient KT34 was treated in arm 2. KT33 "
    "received 54 Gy in 30 fractions until 14 March 2022. KT34 received 59.4 Gy in 33 fractions. "
    "Vorinostat 230 mg/m2 once daily was added in arm 1. Median survival was 11.2 months in arm 1 "
    "and 9.1 months in arm 2. KT33 had an H3K27M mutation and no TP53 mutation. The tumour of KT33 "
    "lay in the right thalamus. Vorinostat is stopped if platelets fall below 50 x 10^9/L."
)


def vignette(
    question: str, answer: str, *aliases: str, kind: str = "answer", context: str = CONTEXT
) -> Vignette:
    return Vignette("made", context, question, Expected(kind, answer, aliases))  # type: ignore[arg-type]


def claim(
    question: str, expected: str, answer: str, *aliases: str, context: str = CONTEXT
) -> Claim:
    """An answer held against the first wording."""
    task = read_task(vignette(question, expected, *aliases, context=context))
    read = read_answer(answer)
    read = read._replace(names=joined(read.names, task.known))
    return Claim(read, task.targets[0], task.targets, task.context, task.question)


def events(made: Vignette, proof: str, answer: str, think: str = "I look it up.") -> dict[str, int]:
    text = f"<think>{think}</think><proof>{proof}</proof><answer>{answer}</answer>"
    return assess(made, text).events


DOSE = vignette("What total radiation dose did patient KT33 receive?", "54 Gy")
DOSE_PROOF = "KT33 received 54 Gy in 30 fractions until 14 March 2022."
SILENT = vignette("What did patient KT33 weigh?", "The record does not say.", kind="abstain")
DIVIDED_CONTEXT = (
    "The letter states that KT33 received 54 Gy. The log states that KT33 received 50.4 Gy. "
    "Dexamethasone was tapered. Her brother is healthy. The next visit is in May."
)
DIVIDED = vignette(
    "What dose did KT33 receive?", "The sources disagree.", kind="conflict", context=DIVIDED_CONTEXT
)
BOTH = "The letter states that KT33 received 54 Gy.\nThe log states that KT33 received 50.4 Gy."
