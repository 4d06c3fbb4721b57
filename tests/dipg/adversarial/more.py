"""A second set of answers, of another hand: cohorts, directions, titles, ratios."""

from dipg.vignettes import Expected, Vignette
from tests.dipg.adversarial.vignettes import Case

CONTEXT = (
    "The child, patient 3, weighed 18.5 kg at baseline. In cohort 1 the dose of ONC201 was 375 mg "
    "once weekly; in cohort 2 it was 625 mg once weekly. The tumour shrank by 40 % in cohort 2 and "
    "grew by 12 % in cohort 1. Dr Meyer started bevacizumab after radiotherapy, not before it. No "
    "seizures occurred. Median follow-up was 14 months. The protocol requires stopping bevacizumab "
    "if blood pressure exceeds 140/90 mmHg."
)


def _cases(
    question: str, expected: Expected, proof: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> list[Case]:
    vignette = Vignette(question, CONTEXT, question, expected)
    labelled = [(a, 1) for a in right] + [(a, 0) for a in wrong]
    return [
        Case("says it" if good else "does not say it", vignette, proof, a, {"correct": good})
        for a, good in labelled
    ]


CASES = [
    *_cases(
        "What was the dose of ONC201 in cohort 2?",
        Expected("answer", "625 mg once weekly", value=625, unit="mg"),
        "In cohort 1 the dose of ONC201 was 375 mg once weekly; in cohort 2 it was 625 mg once weekly.",  # noqa: E501
        (
            "625 mg once weekly",
            "625 mg",
            "625 mg per week",
            "0.625 g once a week",
            "ONC201 625 mg once weekly",
        ),
        (
            "375 mg once weekly",
            "625 mg twice weekly",
            "625 mg daily",
            "In cohort 1 it was 625 mg once weekly.",
            "625 mg in cohort 1",
            "375 mg in cohort 2",
            "625 mcg once weekly",
            "about 600 mg",
            "The dose in cohort 2 was not 625 mg.",
        ),
    ),
    *_cases(
        "How did the tumour change in cohort 2?",
        Expected("answer", "It shrank by 40 %."),
        "The tumour shrank by 40 % in cohort 2 and grew by 12 % in cohort 1.",
        ("It shrank by 40 %.", "a 40% decrease", "shrank 40 percent"),
        (
            "It grew by 40 %.",
            "It shrank by 12 %.",
            "It did not shrink.",
            "No change",
            "It increased by 40%",
        ),
    ),
    *_cases(
        "Was bevacizumab started before or after radiotherapy?",
        Expected("answer", "after radiotherapy"),
        "Dr Meyer started bevacizumab after radiotherapy, not before it.",
        (
            "After radiotherapy.",
            "after",
            "Bevacizumab was started after radiotherapy.",
            "After radiotherapy, not before.",
        ),
        (
            "Before radiotherapy.",
            "before",
            "Radiotherapy was given after bevacizumab.",
            "before or after",
        ),
    ),
    *_cases(
        "Who started bevacizumab?",
        Expected("answer", "Dr Meyer", aliases=("Meyer",)),
        "Dr Meyer started bevacizumab after radiotherapy, not before it.",
        ("Dr Meyer", "Meyer", "Dr. Meyer", "It was Dr Meyer."),
        ("Dr Mayer", "Dr Smith", "Dr Meyer or Dr Smith", "patient 3"),
    ),
    *_cases(
        "Did any seizures occur?",
        Expected("answer", "No", aliases=("No seizures occurred.",)),
        "No seizures occurred. Median follow-up was 14 months.",
        ("No", "No seizures occurred.", "There were no seizures."),
        ("Yes", "Seizures occurred."),
    ),
    *_cases(
        "What did patient 3 weigh?",
        Expected("answer", "18.5 kg", value=18.5, unit="kg"),
        "The child, patient 3, weighed 18.5 kg at baseline.",
        ("18.5 kg", "18500 g", "Patient 3 weighed 18.5 kg."),
        ("185 kg", "Patient 2 weighed 18.5 kg.", "18.5 lb", "18.5", "18 kg"),
    ),
    *_cases(
        "Above what blood pressure is bevacizumab stopped?",
        Expected("answer", "140/90 mmHg"),
        "The protocol requires stopping bevacizumab if blood pressure exceeds 140/90 mmHg.",
        ("140/90 mmHg",),
        ("90/140 mmHg", "140/80 mmHg", "140 mmHg"),
    ),
]
