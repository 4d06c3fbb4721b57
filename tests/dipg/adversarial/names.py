"""Abstentions and conflict reports on names: a guess or a choice beside them undoes them."""

from dipg.vignettes import Expected, Vignette
from tests.dipg.adversarial.vignettes import Case

DRUG = Vignette(
    "drug",
    "Patient 7 was seen at Riverside hospital. The MRI report describes a 28 mm lesion. "
    "Temozolomide was discussed. Her brother was treated with 30 Gy.",
    "Which chemotherapy did patient 7 receive?",
    Expected("abstain", "The record does not say which chemotherapy was given."),
)
DRUG_RIGHT = (
    "The chart doesn't tell which chemotherapy patient 7 received.",
    "It is not clear from the record which chemotherapy was given.",
    "The context fails to mention the chemotherapy.",
    "There's no documentation of chemotherapy for patient 7.",
    "It does not say.",
    "Information not provided.",
    "Cannot be determined.",
    "insufficient evidence",
    "The record does not state the dose.",
)
DRUG_WRONG = (
    "Temozolomide",
    "Not specified, presumably temozolomide.",
    "No chemotherapy was given.",
    "None",
    "Vincristine; the record does not state it.",
    "The record does not state it. Vincristine.",
    "The record is silent, so vincristine.",
    "I would go with temozolomide as nothing else is mentioned.",
    "N/A",
    "The answer is not given in the text; standard of care would be temozolomide.",
)
ONCOLOGIST = Vignette(
    "oncologist",
    "Note 1 (ward): the oncologist is Brandt. Note 2 (clinic): the oncologist is Greco. "
    "The child is 6 years old. Both notes are from May. The mother was present.",
    "Who is the oncologist?",
    Expected("conflict", "The notes disagree on the oncologist."),
)
ONCOLOGIST_RIGHT = (
    "The notes disagree on the oncologist.",
    "The notes contradict each other: Brandt versus Greco.",
    "Brandt according to note 1, Greco according to note 2; the notes conflict.",
    "The two notes name different oncologists.",
    "Conflicting information.",
)
ONCOLOGIST_WRONG = (
    "Brandt",
    "Greco, although the notes disagree.",
    "The notes disagree, but Greco is the oncologist.",
    "Brandt or Greco",
    "There are discrepancies; the clinic note is more recent, so Greco.",
    "The record does not state the oncologist.",
)
QUOTE = "Note 1 (ward): the oncologist is Brandt. Note 2 (clinic): the oncologist is Greco."

CASES = [
    *(Case("says it", DRUG, "", a, {"correct": 1}) for a in DRUG_RIGHT),
    *(Case("guesses, or says nothing", DRUG, "", a, {"correct": 0}) for a in DRUG_WRONG),
    *(Case("says it", ONCOLOGIST, QUOTE, a, {"correct": 1}) for a in ONCOLOGIST_RIGHT),
    *(Case("takes a side", ONCOLOGIST, QUOTE, a, {"correct": 0}) for a in ONCOLOGIST_WRONG),
]
