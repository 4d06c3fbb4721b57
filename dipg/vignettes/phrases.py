"""Words of the full vignettes: attributes, sources, and one set of phrasings per split.

All content is synthetic, for research, and not for clinical use.
"""

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "evaluation"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a record can state of a patient; `unit` is "" for a name."""

    name: str
    noun: str
    values: tuple[str, ...]
    unit: str = ""

    def written(self, value: str) -> str:
        """A value as it stands in a text."""
        return f"{value} {self.unit}" if self.unit and self.unit != "%" else f"{value}{self.unit}"


def _range(low: int, high: int, step: int = 1) -> tuple[str, ...]:
    return tuple(str(n) for n in range(low, high + 1, step))


def _tenths(low: int, high: int, step: int = 1) -> tuple[str, ...]:
    return tuple(f"{n / 10:.1f}" for n in range(low, high + 1, step))


AREA = Attribute(
    "area", "body surface area", tuple(f"{n / 100:.2f}" for n in range(60, 145, 5)), "m2"
)
PLATELETS = Attribute("platelets", "platelet count", _range(32, 148, 2), "x 10^9/L")

ATTRIBUTES: tuple[Attribute, ...] = (
    AREA,
    PLATELETS,
    Attribute("dose", "total radiation dose", _tenths(300, 600, 6), "Gy"),
    Attribute("fractions", "number of radiation fractions", _range(10, 33), "fractions"),
    Attribute("size", "longest tumour diameter", _range(16, 59), "mm"),
    Attribute("age", "age at diagnosis", _range(2, 17), "years"),
    Attribute("weight", "body weight", _tenths(120, 620, 7), "kg"),
    Attribute("steroid", "daily dexamethasone dose", _tenths(10, 95, 5), "mg"),
    Attribute("survival", "time from diagnosis to progression", _range(3, 26), "months"),
    Attribute("haemoglobin", "haemoglobin level", _tenths(71, 144, 3), "g/dL"),
    Attribute("response", "change in tumour volume", _range(8, 62, 2), "%"),
    Attribute("oncologist", "treating oncologist", ("Adeyemi", "Brandt", "Castro", "Dimitrov",
              "Eriksen", "Fontaine", "Greco", "Hassan", "Ivanova", "Jansen")),
    Attribute("site", "treating hospital", ("Northgate", "Riverside", "Hillcrest", "Eastmoor",
              "Lakeview", "Stonebridge", "Westfield", "Ashdown")),
    Attribute("biopsy", "date of the biopsy", tuple(f"{d} {m} {y}" for y in (2021, 2022, 2023)
              for m in ("January", "April", "June", "September", "November") for d in (3, 12, 27))),
)  # fmt: skip

COMPARABLE = ("dose", "size", "age", "weight", "steroid", "survival", "haemoglobin", "platelets")
"""Attributes of which one patient can have more than another."""

DRUGS = ("panobinostat", "everolimus", "dasatinib", "vorinostat", "crizotinib", "paxalisib")
"""Drugs of protocol rules and dose rates."""

SOURCES: dict[Split, tuple[str, ...]] = {
    "train": ("ward note", "clinic letter", "referral form", "radiotherapy chart", "nursing log",
              "discharge summary", "tumour board minutes", "pharmacy record"),
    "evaluation": ("admission sheet", "oncology report", "follow-up letter", "trial case form",
                   "imaging summary", "day unit file", "consultation note", "handover list"),
}  # fmt: skip

STATEMENTS: dict[Split, tuple[str, ...]] = {
    "train": (
        "The {source} gives the {noun} of patient {patient} as {value}.",
        "For patient {patient}, the {source} records a {noun} of {value}.",
        "According to the {source}, the {noun} of patient {patient} is {value}.",
        "Patient {patient} has a {noun} of {value}, as the {source} states.",
        "In the {source}, the {noun} of patient {patient} is listed as {value}.",
        "The {noun} of patient {patient} is {value} in the {source}.",
    ),
    "evaluation": (
        "The {source} puts the {noun} of patient {patient} at {value}.",
        "As noted in the {source}, patient {patient} has a {noun} of {value}.",
        "The {noun} recorded for patient {patient} by the {source} is {value}.",
        "From the {source}: {noun} of patient {patient}, {value}.",
        "With regard to patient {patient}, the {source} reports a {noun} of {value}.",
    ),
}

RULES: dict[Split, tuple[str, ...]] = {
    "train": (
        "Under the protocol, {drug} is held while the platelet count is below {limit} x 10^9/L and "
        "continued otherwise.",
        "The protocol asks to hold {drug} at platelet counts below {limit} x 10^9/L; otherwise "
        "{drug} is continued.",
    ),
    "evaluation": (
        "Per protocol, a platelet count below {limit} x 10^9/L means that {drug} is held; at any "
        "other count {drug} is continued.",
        "The trial rules hold {drug} when the platelet count is under {limit} x 10^9/L and "
        "continue "
        "it in all other cases.",
    ),
}

RATES: dict[Split, tuple[str, ...]] = {
    "train": (
        "The protocol prescribes {drug} at {rate} mg/m2 once daily.",
        "In this trial {drug} is dosed at {rate} mg/m2 once daily.",
    ),
    "evaluation": (
        "Each patient is to take {drug} at {rate} mg/m2 once daily.",
        "The planned schedule for {drug} is {rate} mg/m2 once daily.",
    ),
}

BACKGROUND: dict[Split, tuple[str, ...]] = {
    "train": (
        "Diffuse intrinsic pontine glioma grows within the brainstem and cannot be resected.",
        "In arm A the median survival was {a} months, and in arm B it was {b} months.",
        "Both patients were seen in the same week.",
        "The trial opened in {year} and recruits at several hospitals.",
        "Nausea was reported in {a} % of the children treated so far.",
    ),
    "evaluation": (
        "Tumours of this kind arise in the pons and are not removed by surgery.",
        "The control arm reached a median survival of {a} months, the study arm one of {b} months.",
        "The two patients do not know each other.",
        "Recruitment began in {year}.",
        "Fatigue was the commonest complaint, in {a} % of the participants.",
    ),
}

QUESTIONS: dict[Split, dict[str, tuple[str, ...]]] = {
    "train": {
        "fact": ("What is the {noun} of patient {patient}?", "State the {noun} of patient "
        "{patient}.",
                 "Which {noun} does the record give for patient {patient}?"),
        "compare": ("Which patient has the higher {noun}, {patient} or {other}?",
                    "Between {patient} and {other}, which patient has the higher {noun}?"),
        "compute": ("What daily dose of {drug} in mg does patient {patient} need?",
                    "How many mg of {drug} should patient {patient} take each day?"),
        "rule": ("Should {drug} be held or continued in patient {patient}?",
                 "What does the protocol require for {drug} in patient {patient} now?"),
    },
    "evaluation": {
        "fact": ("Report the {noun} of patient {patient}.",
                 "For patient {patient}, what {noun} is documented?"),
        "compare": ("Of {patient} and {other}, who has the higher {noun}?",
                    "Is the {noun} higher in patient {patient} or in patient {other}?"),
        "compute": ("Give the daily {drug} dose of patient {patient} in mg.",
                    "Calculate the daily {drug} dose in mg for patient {patient}."),
        "rule": ("Is {drug} to be held or continued for patient {patient}?",
                 "By the protocol, what has to happen with {drug} in patient {patient}?"),
    },
}  # fmt: skip
