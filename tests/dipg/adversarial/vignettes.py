"""The vignettes that the adversarial cases are about. Synthetic, not for clinical use."""

from dataclasses import dataclass, field

from dipg.vignettes import Expected, Vignette

GIVEN_DOSE = "Patient KX41 received 54 Gy in 30 fractions over 6 weeks."
DOSE = Vignette(
    "dose",
    f"{GIVEN_DOSE} Patient LM22 received 59.4 Gy in 33 fractions. "
    "Both took dexamethasone 4 mg twice daily. Their MRI was done on 5 March 2021. "
    "The tumour of patient KX41 measured 3.2 cm in the left pons.",
    "What total dose of radiotherapy did patient KX41 receive?",
    Expected("answer", "54 Gy", value=54, unit="Gy"),
)

GIVEN_DRUG = "Patient KX41 received panobinostat 20 mg/m2 three times weekly."
DRUG = Vignette(
    "drug",
    f"{GIVEN_DRUG} Patient LM22 received temozolomide 75 mg/m2 daily. "
    "ONC201 125 mg once weekly was planned for both after progression. "
    "Genetic testing found an H3K27M mutation in patient KX41 and no ACVR1 mutation. "
    "Grade 3 thrombocytopenia occurred in patient KX41 during cycle 2.",
    "Which drug did patient KX41 receive?",
    Expected("answer", "panobinostat", aliases=("Farydak",)),
)

DRUG_DOSES = Vignette(
    "drug-doses",
    DRUG.context,
    "What are the doses of panobinostat and ONC201 for patient KX41?",
    Expected("answer", "Panobinostat 20 mg/m2 three times weekly and ONC201 125 mg once weekly."),
)

SILENT = Vignette(
    "silent",
    "Patient KX41 presented with ataxia and a sixth nerve palsy. MRI showed a pontine lesion of "
    "3.2 cm. Biopsy found an H3K27M mutation. Patient LM22 received 59.4 Gy in 33 fractions. "
    "No treatment plan has been documented for patient KX41.",
    "What radiation dose did patient KX41 receive?",
    Expected("abstain", "The record does not state the radiation dose of patient KX41."),
)
SILENT_QUOTE = "No treatment plan has been documented for patient KX41."

SIDE_A = "The clinic letter states that patient KX41 received 54 Gy."
SIDE_B = "The radiotherapy record states that patient KX41 received 59.4 Gy."
DISPUTED = Vignette(
    "disputed",
    f"Patient KX41 is a 7-year-old girl with a pontine glioma. {SIDE_A} {SIDE_B} "
    "Both documents are dated 3 May 2022. She took dexamethasone 4 mg daily. "
    "Follow-up imaging is planned in 8 weeks.",
    "What total radiation dose did patient KX41 receive?",
    Expected("conflict", "The sources disagree on the radiation dose."),
)
BOTH_SIDES = f"{SIDE_A}\n{SIDE_B}"

GIVEN_ARMS = "In arm A the median survival was 9.8 months, and in arm B it was 14.2 months."
ARMS = Vignette(
    "arms",
    f"The trial had two arms. {GIVEN_ARMS} Arm A gave radiotherapy alone. Arm B added ONC201 125 "
    f"mg "
    "once weekly. Nausea was reported in 18 % of the children in arm B and 12 % in arm A.",
    "Which arm had the longer median survival?",
    Expected("answer", "Arm B"),
)
ARM_VALUE = Vignette(
    "arm-value",
    ARMS.context,
    "What was the median survival in arm A?",
    Expected("answer", "9.8 months", value=9.8, unit="months"),
)

RULE = (
    "If platelets fall below 75 x 10^9/L, panobinostat is held and ONC201 is continued at the same "
    "dose."
)
PROTOCOL = Vignette(
    "protocol",
    f"Patient KX41 takes panobinostat 20 mg/m2 weekly and ONC201 125 mg weekly. {RULE} "
    "On day 15 the platelet count was 62 x 10^9/L. Neutrophils were 1.8 x 10^9/L. "
    "Once platelets recover, panobinostat is resumed at 15 mg/m2 weekly.",
    "According to the protocol, what should be done about panobinostat now?",
    Expected(
        "answer",
        "Hold panobinostat.",
        aliases=("Panobinostat should be held.", "It should be held."),
    ),
)

GIVEN_AREA = "The body surface area of patient KX41 is 0.85 m2."
GIVEN_RATE = "Paxalisib is given at 20 mg/m2 once daily."
ARITHMETIC = Vignette(
    "arithmetic",
    f"{GIVEN_AREA} {GIVEN_RATE} Patient LM22 has a body surface area of 1.2 m2. "
    "Dexamethasone 2 mg was stopped on 4 June 2021. No liver disease is known.",
    "What is the daily dose of paxalisib in mg for patient KX41?",
    Expected("answer", "17 mg", value=17, unit="mg"),
)
AREA_AND_RATE = f"{GIVEN_AREA}\n{GIVEN_RATE}"

NO_MUTATION = Vignette(
    "no-mutation",
    DRUG.context,
    "Was an ACVR1 mutation found in patient KX41?",
    Expected("answer", "No", aliases=("No ACVR1 mutation was found.",)),
)
GENETICS = "Genetic testing found an H3K27M mutation in patient KX41 and no ACVR1 mutation."

SITE = Vignette(
    "site",
    DOSE.context,
    "Where was the tumour of patient KX41?",
    Expected("answer", "left pons", aliases=("the left side of the pons",)),
)
GIVEN_SITE = "The tumour of patient KX41 measured 3.2 cm in the left pons."

CHANGE = Vignette(
    "change",
    "After two cycles the tumour volume of patient KX41 decreased by 30 %. At week 16 it increased "
    "by 15 % compared with the nadir. The platelet count was 85 x 10^9/L. Nausea was mild. "
    "Treatment continued.",
    "How did the tumour volume of patient KX41 change after two cycles?",
    Expected("answer", "It decreased by 30 %."),
)
GIVEN_CHANGE = "After two cycles the tumour volume of patient KX41 decreased by 30 %."

GRADE = Vignette(
    "grade",
    DRUG.context,
    "What grade of thrombocytopenia did patient KX41 have?",
    Expected("answer", "grade 3"),
)
GIVEN_GRADE = "Grade 3 thrombocytopenia occurred in patient KX41 during cycle 2."

DATE = Vignette(
    "date",
    DOSE.context,
    "On what date was the MRI done?",
    Expected("answer", "5 March 2021"),
)
GIVEN_DATE = "Their MRI was done on 5 March 2021."

LIMIT = Vignette(
    "limit",
    PROTOCOL.context,
    "Below which platelet count is panobinostat held?",
    Expected("answer", "below 75 x 10^9/L", aliases=("75 x 10^9/L", "<75 x 10^9/L")),
)


@dataclass(frozen=True)
class Case:
    """One adversarial case.

    Attributes:
      reason: why the label is what it is.
      vignette: what the response is about.
      proof, answer, think: the channels.
      events: the labels that are asserted.
    """

    reason: str
    vignette: Vignette
    proof: str
    answer: str
    events: dict[str, int]
    think: str = "The context was searched."
    raw: str = field(default="")

    @property
    def response(self) -> str:
        if self.raw:
            return self.raw
        return (
            f"<think>{self.think}</think><proof>{self.proof}</proof><answer>{self.answer}</answer>"
        )


def cases(
    vignette: Vignette,
    proof: str,
    reason: str,
    events: dict[str, int],
    *answers: str,
    think: str = "The context was searched.",
    raw: bool = False,
) -> list[Case]:
    """Answers to one vignette that share proof, labels and reason; whole responses where `raw`."""
    if raw:
        return [Case(reason, vignette, "", "", events, raw=a) for a in answers]
    return [Case(reason, vignette, proof, a, events, think=think) for a in answers]
