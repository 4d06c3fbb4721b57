"""Right answers that say no or not, and add what is missing; they abstain from nothing."""

from dipg.vignettes import Expected, Vignette
from tests.dipg.adversarial.vignettes import Case

CONTEXT = (
    "Report of 3 June 2023 on patient GH55, a 10-year-old girl. The biopsy showed no "
    "necrosis. EGFR amplification was not detected. Bevacizumab was not given because of "
    "a wound infection. ONC201 125 mg once weekly was begun on 1 May 2023 and tolerated "
    "without grade 3 toxicity. The MRI of 30 May showed stable disease with no new "
    "lesions. Blood pressure was 112/70 mmHg. The seizure on 12 April lasted 4 minutes. "
    "Her hearing was tested and is normal; her vision was not tested. Patient GH56, her "
    "cousin, takes ONC201 250 mg once weekly."
)


def _cases(
    vignette: Vignette, proof: str, reason: str, labels: dict[str, int], *answers: str
) -> list[Case]:
    return [Case(reason, vignette, proof, a, labels) for a in answers]


NEC = Vignette(
    "b9-nec",
    CONTEXT,
    "Did the biopsy show necrosis?",
    Expected("answer", "No", aliases=("The biopsy showed no necrosis.",)),
)
EGFR = Vignette(
    "b9-egfr",
    CONTEXT,
    "Was EGFR amplification detected?",
    Expected("answer", "No", aliases=("EGFR amplification was not detected.",)),
)
BEV = Vignette(
    "b9-bev",
    CONTEXT,
    "Why was bevacizumab not given?",
    Expected("answer", "Because of a wound infection", aliases=("a wound infection",)),
)
MRI = Vignette(
    "b9-mri",
    CONTEXT,
    "What did the MRI of 30 May show?",
    Expected("answer", "stable disease with no new lesions", aliases=("stable disease",)),
)
TOX = Vignette(
    "b9-tox", CONTEXT, "Did grade 3 toxicity occur under ONC201?", Expected("answer", "No")
)
VIS = Vignette(
    "b9-vis",
    CONTEXT,
    "Which of her senses was not tested?",
    Expected("answer", "vision", aliases=("her vision",)),
)
BP = Vignette("b9-bp", CONTEXT, "What was the blood pressure?", Expected("answer", "112/70 mmHg"))
DOSE = Vignette(
    "b9-dose",
    CONTEXT,
    "What dose of ONC201 does patient GH55 take?",
    Expected("answer", "125 mg once weekly"),
)
SZ = Vignette(
    "b9-sz",
    CONTEXT,
    "How long did the seizure last?",
    Expected("answer", "4 minutes", value=4, unit="minutes"),
)

CASES = [
    *_cases(
        NEC,
        "The biopsy showed no necrosis",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "No",
        "No necrosis",
        "The biopsy showed no necrosis.",
        "No, the biopsy showed no necrosis.",
        "There was no necrosis.",
        "Necrosis was not seen.",
        "The biopsy did not show necrosis.",
        "No necrosis was found.",
        "No, there was none.",
    ),
    *_cases(
        EGFR,
        "EGFR amplification was not detected",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "No",
        "EGFR amplification was not detected.",
        "No, it was not detected.",
        "It was not detected.",
        "Not detected",
        "No EGFR amplification was detected.",
        "No. The report states that EGFR amplification was not detected.",
    ),
    *_cases(
        EGFR,
        "EGFR amplification was not detected",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "Yes",
        "EGFR amplification was detected.",
        "EGFR was not tested.",
        "Unknown",
        "The report does not say.",
    ),
    *_cases(
        BEV,
        "Bevacizumab was not given because of a wound infection",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "Because of a wound infection.",
        "A wound infection",
        "Bevacizumab was not given because of a wound infection.",
        "It was not given because she had a wound infection.",
        "Due to a wound infection",
        "Wound infection",
    ),
    *_cases(
        BEV,
        "Bevacizumab was not given because of a wound infection",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "Because of toxicity",
        "It was given.",
        "The reason is not stated.",
        "Because of hypertension",
        "Not because of a wound infection",
    ),
    *_cases(
        MRI,
        "The MRI of 30 May showed stable disease with no new lesions",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "stable disease",
        "Stable disease with no new lesions",
        "The MRI showed stable disease and no new lesions.",
        "Stable disease, without new lesions.",
        "It showed stable disease; there were no new lesions.",
        "Stable disease; no new lesion was reported.",
    ),
    *_cases(
        MRI,
        "The MRI of 30 May showed stable disease with no new lesions",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "progressive disease",
        "No stable disease",
        "new lesions",
        "partial response",
        "It is not reported.",
    ),
    *_cases(
        TOX,
        "ONC201 125 mg once weekly was begun on 1 May 2023 and tolerated without grade 3 toxicity",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "No",
        "No grade 3 toxicity occurred.",
        "No, ONC201 was tolerated without grade 3 toxicity.",
        "No. It was tolerated without grade 3 toxicity.",
        "Grade 3 toxicity did not occur.",
        "There was no grade 3 toxicity.",
    ),
    *_cases(
        TOX,
        "ONC201 125 mg once weekly was begun on 1 May 2023 and tolerated without grade 3 toxicity",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "Yes",
        "Grade 3 toxicity occurred.",
        "Yes, grade 3 toxicity",
        "The report does not say.",
    ),
    *_cases(
        VIS,
        "Her hearing was tested and is normal; her vision was not tested",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "vision",
        "Her vision",
        "Vision; her hearing was tested.",
        "The vision",
    ),
    *_cases(
        VIS,
        "Her hearing was tested and is normal; her vision was not tested",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "hearing",
        "both",
        "neither",
        "Her hearing was not tested.",
        "It is not stated.",
    ),
    *_cases(
        BP,
        "Blood pressure was 112/70 mmHg",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "112/70 mmHg",
        "112/70",
        "Blood pressure was 112/70 mmHg.",
        "112/70 mm Hg",
    ),
    *_cases(
        BP,
        "Blood pressure was 112/70 mmHg",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "70/112 mmHg",
        "112 mmHg",
        "112/80 mmHg",
        "120/70 mmHg",
    ),
    *_cases(
        DOSE,
        "ONC201 125 mg once weekly was begun on 1 May 2023 and tolerated without grade 3 toxicity",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "125 mg once weekly",
        "125 mg weekly; the report gives no other dose.",
        "125 mg once weekly. The route is not stated.",
        "125 mg once weekly, while her cousin GH56 takes 250 mg once weekly.",
        "125 mg once weekly (no dose reduction is documented)",
        "GH55 takes 125 mg once weekly and GH56 takes 250 mg once weekly.",
        "It is 125 mg once weekly; the record does not mention any change.",
    ),
    *_cases(
        DOSE,
        "ONC201 125 mg once weekly was begun on 1 May 2023 and tolerated without grade 3 toxicity",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "250 mg once weekly",
        "125 mg daily",
        "GH56 takes 125 mg once weekly",
        "GH55 takes 250 mg and GH56 125 mg once weekly.",
        "125 or 250 mg once weekly",
        "The dose is not stated.",
    ),
    *_cases(
        SZ,
        "The seizure on 12 April lasted 4 minutes",
        "an answer, although it says no or not",
        {"correct": 1, "answered": 1, "abstained": 0, "flagged_conflict": 0, "refused": 0},
        "4 minutes",
        "Four minutes",
        "240 seconds",
        "The seizure on 12 April lasted 4 minutes.",
        "4 min",
        "It lasted 4 minutes; no other seizure is documented.",
    ),
    *_cases(
        SZ,
        "The seizure on 12 April lasted 4 minutes",
        "the other way round, another value or reason, or a gap that is none",
        {"correct": 0},
        "4 hours",
        "12 minutes",
        "14 minutes",
        "4 seconds",
        "less than 4 minutes",
        "4 or 5 minutes",
        "It is not documented.",
    ),
]
