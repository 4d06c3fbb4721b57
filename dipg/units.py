"""Units that clinical texts use, as dimension and factor; a test holds every factor against pint.

A library that parses units costs half a second at import and milliseconds per text; scoring has
about 50 microseconds. So the table is here, and the library is the oracle that it is tested with.
"""

from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: values compare after multiplication by `factor`, if the dimensions are equal."""

    dimension: str
    factor: float


def _powers(power: str, prefix: str) -> tuple[str, ...]:
    return tuple(f"{power} {prefix}{x}" for x in ("metre", "metres", "meter", "meters"))


_ATOMS: dict[str, tuple[str, float, tuple[str, ...]]] = {
    # canonical: (dimension, factor, other spellings)
    "kg": ("mass", 1e6, ("kilogram", "kilograms", "kgs")),
    "g": ("mass", 1e3, ("gram", "grams")),
    "mg": ("mass", 1.0, ("milligram", "milligrams", "mgs", "milligramme", "milligrammes")),
    "ug": ("mass", 1e-3, ("mcg", "μg", "µg", "microgram", "micrograms")),
    "ng": ("mass", 1e-6, ("nanogram", "nanograms")),
    "gy": ("dose", 1.0, ("gray", "grays", "greys", "gys")),
    "cgy": ("dose", 1e-2, ("centigray", "centigrays")),
    "mgy": ("dose", 1e-3, ("milligray", "milligrays")),
    "l": ("volume", 1.0, ("litre", "litres", "liter", "liters")),
    "dl": ("volume", 1e-1, ("decilitre", "deciliter", "deciliters")),
    "ml": ("volume", 1e-3, ("millilitre", "millilitres", "milliliter", "milliliters", "cc")),
    "ul": ("volume", 1e-6, ("μl", "µl", "microlitre", "microliter", "microliters", "mcl")),
    "cm3": ("volume", 1e-3, ("cm^3", "ccm", *_powers("cubic", "centi"))),
    "mm3": ("volume", 1e-6, ("mm^3", *_powers("cubic", "milli"))),
    "m": ("length", 1e3, ("metre", "metres", "meter", "meters")),
    "cm": ("length", 10.0, ("centimetre", "centimetres", "centimeter", "centimeters", "cms")),
    "mm": ("length", 1.0, ("millimetre", "millimetres", "millimeter", "millimeters")),
    "m2": ("area", 1e4, ("m^2", "sqm", *_powers("square", ""))),
    "cm2": ("area", 1.0, ("cm^2", *_powers("square", "centi"))),
    "s": ("seconds", 1.0, ("sec", "secs", "second", "seconds")),
    "min": ("seconds", 60.0, ("mins", "minute", "minutes")),
    "h": ("seconds", 3600.0, ("hr", "hrs", "hour", "hours")),
    "day": ("days", 1.0, ("days", "d")),
    "week": ("days", 7.0, ("weeks", "wk", "wks")),
    "month": ("months", 1.0, ("months", "mo", "mos", "mth", "mths")),
    "year": ("months", 12.0, ("years", "yr", "yrs", "y", "yo", "y/o")),
    "%": ("percent", 1.0, ("percent", "pct")),
    "mmol": ("substance", 1.0, ("millimole", "millimoles")),
    "nmol": ("substance", 1e-6, ("nanomole", "nanomoles")),
    "pmol": ("substance", 1e-9, ("picomole", "picomoles")),
    "umol": ("substance", 1e-3, ("μmol", "µmol", "micromol", "micromole", "micromoles")),
    "mmhg": ("pressure", 1.0, ("mm hg",)),
    "mbq": ("activity", 1.0, ()),
    "gbq": ("activity", 1e3, ()),
    "iu": ("iu", 1.0, ("units", "unit", "u")),
    "bpm": ("rate", 1.0, ()),
    "°c": (
        "celsius",
        1.0,
        ("degrees c", "degrees celsius", "degree celsius", "celsius", "° c", "c"),
    ),
    "°f": ("fahrenheit", 1.0, ("degrees f", "degrees fahrenheit", "fahrenheit", "° f")),
    "fraction": ("fractions", 1.0, ("fractions", "fx", "fr")),
    "cycle": ("cycles", 1.0, ("cycles",)),
    "dose": ("doses", 1.0, ("doses",)),
    "session": ("sessions", 1.0, ("sessions",)),
    "tablet": ("tablets", 1.0, ("tablets",)),
    "capsule": ("capsules", 1.0, ("capsules",)),
    "lesion": ("lesions", 1.0, ("lesions",)),
    "patient": ("patients", 1.0, ("patients",)),
    "participant": ("patients", 1.0, ("participants", "children", "subjects")),
    "point": ("points", 1.0, ("points",)),
    "copies": ("copies", 1.0, ("copy",)),
    "tesla": ("field", 1.0, ()),
}

ATOMS: dict[str, Unit] = {}
for _name, (_dimension, _factor, _spellings) in _ATOMS.items():
    for _spelling in (_name, *_spellings):
        ATOMS[_spelling] = Unit(_dimension, _factor)


def compound(parts: list[str]) -> Unit | None:
    """The unit of "mg", "m2" (mg/m2) and the like; None where a part is not a unit."""
    units = [ATOMS.get(p) for p in parts]
    if not units or any(u is None for u in units):
        return None
    first = units[0]
    assert first is not None
    dimension, factor = first
    for unit in units[1:]:
        assert unit is not None
        dimension = f"{dimension}/{unit.dimension}"
        factor /= unit.factor
    return Unit(dimension, factor)
