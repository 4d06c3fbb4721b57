"""What a right answer has to say, read from a vignette's `expected` once."""

import re
from dataclasses import dataclass
from functools import lru_cache

from dipg.quantities import Quantity, quantities
from dipg.rubric.actions import actions_of, may_act, with_companions
from dipg.rubric.asked import (
    asked_for,
    asks_difference,
    asks_thing_and_number,
    asks_yes_or_no,
    labels_asked,
    offers_choice,
)
from dipg.rubric.concepts import OPPOSITES, concepts, units
from dipg.rubric.core import core_of
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import (
    ACTIONS,
    CLASSES,
    DIRECTIONS,
    DRUG,
    LIGHT_WORDS,
    PLAIN_WORDS,
    STOP_WORDS,
    word_set,
)
from dipg.rubric.negation import is_negated
from dipg.rubric.reading import Reading, names, read
from dipg.rubric.required import Wording, is_required
from dipg.rubric.stems import root
from dipg.text import fold, plain, words
from dipg.vignettes.types import Expected

_VERDICT = DIRECTIONS["yes"][0]
_COMPARED = re.compile(r"\b(?:than|versus|vs|compared (?:with|to))\b")
_OPENING = re.compile(r"^\W*(yes|no)\b")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One wording of a right answer, taken apart.

    Attributes:
      text: plain text of what has to be said.
      whole: plain text of the full wording with its asides, whose numbers contradict nothing.
      numbers: that an answer has to state.
      bound: for each number the name it belongs to, "" where it belongs to none.
      allowed: every number of the full wording.
      names: that an answer has to mention, in order.
      phrase: content words to be said where there are neither numbers nor names.
      besides: folded text of what is asked for beside a yes or no, or beside a number.
      measured: plain text with numbers that have to be stated beside what the text says.
      units: what these words mean, each to be said in some word for it.
      sides: those of its concepts that have an opposite.
      set_aside: plain text of what the wording says it is not ("X rather than Y").
      labels: ("arm", "b") and the like, to be mentioned.
      opening: "yes", "no" or "".
      polar: yes or no is all that the question asks for.
      negated: the statement is a denial.
      actions: what is to be done to which name.
      directions: axis -> side of words like "increased", where the wording takes a side.
      chooses: names of the question that are not meant, where one that it offers has to be chosen.
    """

    text: str
    whole: str
    numbers: tuple[Quantity, ...]
    bound: tuple[str, ...]
    allowed: tuple[Quantity, ...]
    names: tuple[str, ...]
    phrase: tuple[str, ...]
    besides: str
    measured: str
    units: tuple[frozenset[str], ...]
    sides: frozenset[str]
    set_aside: str
    labels: frozenset[tuple[str, str]]
    opening: str
    polar: bool
    negated: bool
    actions: tuple[tuple[str, str], ...]
    directions: tuple[tuple[int, int], ...]
    chooses: tuple[str, ...]


def targets(expected: Expected, question: str, context: Reading) -> tuple[Target, ...]:
    """The wordings of a right answer: its answer, its aliases and its value."""
    wordings = [expected.answer, *expected.aliases]
    if not asks_thing_and_number(question):  # of which its value answers but one
        wordings.append(value_wording(expected))
    distinct = dict.fromkeys(w.strip() for w in wordings if w.strip())
    return tuple(make_target(w, question, context) for w in distinct)


def value_wording(expected: Expected) -> str:
    """The value of an expected answer in its unit; "" where it has none."""
    return "" if expected.value is None else f"{expected.value:.12g} {expected.unit or ''}"


def make_target(wording: str, question: str, context: Reading) -> Target:
    """Take a wording apart; what it adds as reason or aside is not asked for."""
    whole_folded = fold(wording).replace("**", "").replace("`", "")
    core = core_of(whole_folded, question)
    core_folded = core.text
    text, whole = plain(core_folded), plain(whole_folded)
    asked = read(question)
    numbers = quantities(text)
    told = numbers if text == whole else quantities(whole)
    named = names(core_folded)
    required = tuple(dict.fromkeys(n for n, _ in named if n not in asked.terms))
    labels = frozenset(labels_of(_COMPARED.split(text)[0] if asks_difference(question) else text))
    kept = [
        i
        for i, n in enumerate(numbers)
        if not _in_label(n, labels) and is_required(n, Wording(text, numbers, told), asked, context)
    ]
    acts = (
        actions_of(text, with_companions(named, text, asked.text.lower()))
        if may_act(text) and not _offers_both(text, asked)
        else []
    )
    wanted = asked_for(question) if kept else frozenset()
    only = [i for i in kept if numbers[i].dimension.partition("/")[0] in wanted]
    if only and len(dict.fromkeys(numbers[i].dimension for i in only)) == 1:
        kept, required, acts = only, (), []
    bound = [bind(text, numbers[i], named) for i in kept]
    if only:
        bound = [owner if owner in asked.terms else "" for owner in bound]
    if bound and len(dosed := _doses_of(asked.text.lower())) == 1:
        bound = [dosed[0] if owner in asked.terms else owner for owner in bound]
    directions = _directions(text)
    offered = () if required or numbers or labels else _offered(named, asked, question)
    if offered:
        required = tuple(dict.fromkeys(n for n, _ in named))
    if acts:  # a limit of what is measured is stated by its number
        treated = {name for name, _ in acts}
        required = tuple(n for n in required if n in treated or DRUG.fullmatch(n))
    phrase = _phrase(
        text,
        required,
        any(numbers[i].dimension[:1] != "#" for i in kept),
        asked.terms,
        {w for label in labels for w in (*label, "dose")},
        bool(acts),
    )
    opening = m[1] if (m := _OPENING.match(text)) else ""
    if opening:
        directions.pop(_VERDICT, None)
    said = units(text)
    return Target(
        text=text,
        whole=whole,
        numbers=tuple([numbers[i] for i in kept]),
        bound=tuple(bound),
        allowed=tuple(told),
        names=required,
        phrase=phrase,
        besides=core.besides,
        measured=core.measured,
        units=tuple([u.meant for u in said if phrase and _has_one_of(phrase, u.said)]),
        sides=frozenset(
            [
                c
                for u in said
                if u.said not in STOP_WORDS and u.said not in LIGHT_WORDS
                for c in u.meant
                if c in OPPOSITES
            ]
        ),
        set_aside=plain(core.set_aside) if core.set_aside else "",
        labels=labels - labels_asked(question) if labels else labels,
        opening=opening,
        polar=bool(opening) and (asks_yes_or_no(question) or bool(core.besides)),
        negated=is_negated(text),
        actions=tuple(acts),
        directions=tuple(directions.items()),
        chooses=tuple([n for n in offered if n not in required]),
    )


def _has_one_of(phrase: tuple[str, ...], said: str) -> bool:
    """Whether some words said have one of a phrase."""
    return said in phrase or any(w in phrase for w in words(said))


def _doses_of(asked: str) -> list[str]:
    """The drugs whose dose a question asks for."""
    return _DOSE_OF.findall(asked) if "dos" in asked else []


_DOSE_OF = re.compile(rf"\bdos(?:e|age|es|ages) (?:of|for) (?:the )?({DRUG.pattern})(?! and| or|,)")


def _directions(text: str) -> dict[int, int]:
    """The sides that a wording takes; one with "before" and "after" takes neither."""
    said: dict[int, set[int]] = {}
    for axis, side in [DIRECTIONS[w] for w in words(text) if w in DIRECTIONS]:
        said.setdefault(axis, set()).add(side)
    return {axis: min(sides) for axis, sides in said.items() if len(sides) == 1}


def _offers_both(text: str, asked: Reading) -> bool:
    """Whether a wording is one of two directions that a question offers ("higher or lower?")."""
    sides = {"~increase", "~decrease"}
    return not sides.isdisjoint(concepts(text)) and sides <= concepts(asked.text.lower())


def _offered(named: list[tuple[str, int]], asked: Reading, question: str) -> tuple[str, ...]:
    """The names that a question offers for choice, where the answer is one of them."""
    mine = {n for n, _ in named}
    if not mine or not mine <= asked.terms or not offers_choice(question):
        return ()
    shapes = {shape(n) for n in mine}
    offered = tuple([n for n in asked.named if shape(n) in shapes])
    return offered if len(offered) > len(mine) else ()


@lru_cache(maxsize=8192)
def shape(name: str) -> str:
    """What a name looks like: letters and digits in turn ("KX41" is "a0")."""
    return _LETTERS.sub("a", _DIGITS.sub("0", name))


_LETTERS, _DIGITS = re.compile("[a-z]+"), re.compile(r"\d+")


def _in_label(number: Quantity, labels: frozenset[tuple[str, str]]) -> bool:
    return number.dimension[:1] == "#" and (number.dimension[1:], f"{number.raw:g}") in labels


def _phrase(
    text: str,
    required: tuple[str, ...],
    has_numbers: bool,
    asked: frozenset[str],
    kinds: set[str],
    does: bool,
) -> tuple[str, ...]:
    """Content words to look for; beside numbers or names only words of a class of values."""
    spoken = [w for w in words(text) if w not in _UNSAID and w not in kinds and not w[0].isdigit()]
    acts = not ACTIONS.keys().isdisjoint(spoken)
    if does or required or has_numbers:
        spoken = [w for w in spoken if w not in ACTIONS]
    if required and not has_numbers and len(words(text)) <= 4:
        parts = {p for n in required for p in re.findall("[a-z]+", n)}
        others = [w for w in spoken if w not in parts and w not in asked and w not in PLAIN_WORDS]
        return tuple(w for w in others if w not in required)
    if has_numbers or required:
        return tuple(
            w for w in spoken if CLASSES.get(w, "month") not in ("yesno", "roman", "month")
        )
    known = set(map(root, asked))
    fresh = [w for w in spoken if root(w) not in known and w not in ("yes", "no", "not")]
    fresh = [w for w in fresh if w not in LIGHT_WORDS] or fresh
    if not fresh and (acts or any(w in DIRECTIONS for w in words(text))):
        return ()
    return tuple(fresh or [w for w in spoken if w not in ("yes", "no", "not")])


_UNSAID = STOP_WORDS - {"no", "not"} | {"plus"}
"""Words of a wording that an answer need not have."""


def bind(text: str, number: Quantity, named: list[tuple[str, int]]) -> str:
    """The name that a number belongs to: the nearest in its clause, before it if there is one."""
    if not named:
        return ""
    before = _name_before(text, number.start, named)
    if before and _JOINING.match(text, number.end) is None:
        return before
    after, at = _name_after(text, number.end, named)
    if before and after:
        return after if _JOINT.fullmatch(text, number.end, at) else before
    return before or after


_JOINING = re.compile(r"\s*(?:of|for|with) ")
_JOINT = re.compile(rf"{_JOINING.pattern}(?:\w+ )?")
_PART_ENDS = (". ", ";", "\n", " while ", " whereas ", " but ")


def _name_before(text: str, number: int, named: list[tuple[str, int]]) -> str:
    """The last name in the part of a text before a number there."""
    left = max([text.rfind(end, 0, number) for end in _PART_ENDS])
    for name, at in reversed(named):
        if left <= at < number and not _is_circumstance(text, at, at + len(name), number):
            return name
    return ""


def _name_after(text: str, number: int, named: list[tuple[str, int]]) -> tuple[str, int]:
    """The first name in the part of a text after a number that ends there, and where it is."""
    right = min([i for end in _PART_ENDS if (i := text.find(end, number)) >= 0], default=len(text))
    for name, at in named:
        if number <= at < right and not _COMPARED.search(text, number, at):
            return name, at
    return "", 0


def _is_circumstance(text: str, start: int, end: int, number: int) -> bool:
    """Whether a name only says why or beside what ("because of X, the dose is 27 mg")."""
    if number - end <= 6 or _LAST_BESIDE.isdisjoint(text[max(0, start - 32) : start].split()[-1:]):
        return False
    return _BESIDE.search(text, max(0, start - 32), start) is not None


_LAST_BESIDE = word_set(
    "because of since to despite given concurrent concurrently concomitant alongside taking the a "
    "with"
)
"""What stands last in what says why or beside what."""
_BESIDE = re.compile(
    r"\b(?:because(?: of)?|since|due to|owing to|despite|given|concurrent(?:ly)?|concomitant|"
    r"alongside|taking) (?:(?:the|a|concurrent|concomitant|use of|with) ){0,3}$"
)
