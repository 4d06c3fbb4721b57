"""Numbers, units, look-alike characters: against pint, by hand, and by property."""

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dipg.frequencies import frequencies
from dipg.quantities import quantities
from dipg.text import fold, plain, tokens
from dipg.units import ATOMS, compound

UNITS = pint.UnitRegistry()
SPELLED = {
    "ug": "microgram", "cgy": "centigray", "gy": "gray", "mgy": "milligray", "l": "liter",
    "dl": "deciliter", "ml": "milliliter", "ul": "microliter", "cm3": "centimeter**3",
    "mm3": "millimeter**3", "m2": "meter**2", "cm2": "centimeter**2", "min": "minute",
    "h": "hour", "s": "second", "mmol": "millimole", "umol": "micromole",
    "mbq": "megabecquerel", "gbq": "gigabecquerel", "year": "year", "month": "month",
}  # fmt: skip
SKIPPED = {"%", "iu", "fraction", "cycle", "dose", "session", "tablet", "capsule", "lesion",
           "patient", "participant", "point", "copies", "tesla", "bpm", "mmhg",
           "°c", "°f"}  # fmt: skip


def test_factors_are_those_of_pint() -> None:
    """Any two units of one dimension convert as pint converts them."""
    known = {n: u for n, u in ATOMS.items() if n in SPELLED or n in ("kg", "g", "mg", "ng", "m",
             "cm", "mm", "day", "week")}  # fmt: skip
    checked = 0
    for one, a in known.items():
        for other, b in known.items():
            if a.dimension != b.dimension:
                continue
            factor = UNITS(SPELLED.get(one, one)).to(SPELLED.get(other, other)).magnitude
            assert a.factor / b.factor == pytest.approx(factor, rel=1e-9), (one, other)
            checked += 1
    assert checked > 60


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("54 Gy", 54, "dose"),
        ("54Gy", 54, "dose"),
        ("5400 cGy", 54, "dose"),
        ("5,400 cGy", 54, "dose"),
        ("0.017 g", 17, "mass"),
        ("15 mg/m²", 15 / 1e4, "mass/area"),
        ("15 mg per m2", 15 / 1e4, "mass/area"),
        ("15 mg per square metre", 15 / 1e4, "mass/area"),
        ("45,000 per microlitre", 45e9, "count/volume"),
        ("45,000 platelets per cubic millimetre", 45e9, "count/volume"),
        ("45 × 10⁹/L", 45e9, "count/volume"),
        ("45 x 10^3/µL", 45e9, "count/volume"),
        ("12.3 g/dL", 12_300 / 0.1, "mass/volume"),
        ("30 %", 30, "percent"),
        ("thirty percent", 30, "percent"),
        ("one year", 12, "months"),
        ("34 mg per day", 34, "mass"),
        ("5 March 2021", 20210305, "date"),
        ("2021-03-05", 20210305, "date"),
        ("grade 3", 3, "#grade"),
    ],
)
def test_a_number_with_its_unit(text: str, value: float, dimension: str) -> None:
    (found,) = quantities(plain(text))
    assert found.dimension == dimension
    assert found.value == pytest.approx(value)


def test_directions_and_ranges() -> None:
    compares = {t: [q.compare for q in quantities(plain(t))] for t in (
        "<5 mg", "≥ 3 mg", "less than 5 mg", "at least 5 mg", "5 mg", "54-60 Gy", "over 6 "
        "weeks", "no lower than 5", "must not exceed 5 mg", "split over 5 fractions",
        "over 5 fractions", "36 and 5 Gy")}  # fmt: skip
    assert compares == {
        "<5 mg": ["<"], "≥ 3 mg": [">="], "less than 5 mg": ["<"], "at least 5 mg": [">="],
        "5 mg": [""], "54-60 Gy": ["-", "-"], "over 6 weeks": [""], "no lower than 5": [">="],
        "must not exceed 5 mg": ["<="], "split over 5 fractions": [""],
        "over 5 fractions": [">"], "36 and 5 Gy": ["", ""],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "per_day"),
    [("daily", 1), ("once daily", 1), ("twice daily", 2), ("BID", 2), ("weekly", 1 / 7),
     ("twice weekly", 2 / 7), ("three times a week", 3 / 7), ("every 3 weeks", 1 / 21),
     ("q3w", 1 / 21), ("every 8 hours", 3), ("every other day", 1 / 2), ("8-hourly", 3),
     ("five times a week", 5 / 7), ("at three-week intervals", 1 / 21), ("a day", 1)],
)  # fmt: skip
def test_how_often(text: str, per_day: float) -> None:
    ((rate, _, _),) = frequencies(plain(text))
    assert rate == pytest.approx(per_day)


def test_codes_and_lists_are_no_numbers() -> None:
    for text in ("ONC201", "H3K27M", "DRAGON-001", "TP53", "1. Hold panobinostat", "KX41"):
        assert quantities(plain(text)) == [], text


@given(st.integers(1, 9999), st.integers(0, 99))
def test_decimals_are_read_as_written(whole: int, hundredths: int) -> None:
    (found,) = quantities(f"{whole}.{hundredths:02d} mg")
    assert found.value == pytest.approx(whole + hundredths / 100)


def test_look_alikes() -> None:
    assert fold("54\u00a0Gy – “x” ’") == '54 Gy - "x" \''
    assert fold("re\u00adin\u200btro") == "reintro"
    assert fold("m² 10⁹/L") == "m2 10^9/L"
    assert plain("**５４** Gy") == "54 gy"
    assert tokens(plain("54Gy")) == tokens(plain("54 Gy")) == ["54", "gy"]


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert plain(plain(text)) == plain(text) or "_" in plain(text) or "," in plain(text)


def test_unknown_units_are_none() -> None:
    assert compound(["mg", "banana"]) is None
