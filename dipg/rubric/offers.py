"""Does a clause offer an answer to what was asked, or only say what else is known?

A text that says that evidence is missing may repeat what the context does say, and may send the
reader elsewhere; an answer it is only where something is put in place of what is missing.
"""

import re
from typing import Literal, NamedTuple

from dipg.quantities import Quantity
from dipg.rubric.absence import SOURCE, SOURCE_WORD, TELLS
from dipg.rubric.clauses import Clause
from dipg.rubric.conflict import ASSERTS
from dipg.rubric.lexicon import (
    ACTIONS,
    CLASSES,
    GENERIC_WORDS,
    PLAIN_WORDS,
    STOP_WORDS,
    word_set,
)
from dipg.rubric.reading import Reading, content
from dipg.rubric.targets import CHOICE, asked_for, labels_of, stem
from dipg.text import plain, words
from dipg.units import ATOMS

Verdict = Literal["offers", "states", "nothing"]
"""A clause offers an answer, states a fact beside it, or says nothing of either kind."""


class Matter(NamedTuple):
    """What a vignette gives, and what it asks for.

    Attributes:
      context, question: of the vignette.
      given: their terms.
      raws: their numbers as written.
      asked: the words of the question that say what it asks for.
    """

    context: Reading
    question: Reading
    given: frozenset[str]
    raws: frozenset[float]
    asked: frozenset[str]

    def has_number(self, number: Quantity) -> bool:
        """Whether context or question contain a number, in its unit if it has one."""
        if not number.dimension or number.dimension[:1] == "#":
            return number.raw in self.raws
        return self.context.has_number(number) or self.question.has_number(number)


OFFERS = re.compile(
    r"\b(?:probably|likely|in all (?:likelihood|probability)|presumably|perhaps|maybe|possibly|"
    r"guess(?:ing|ed)?|i'd|i would|assum(?:e|ing)|suggest|best estimate|estimate|should be|"
    r"should get|should receive|must be|must have been|ought to|usually|typically|commonly|"
    r"generally|customary|standard|normal|conventional|recommended|recommend|therefore|thus|hence|"
    r"so it|the answer is|answer:|it is safe|i think|i believe|in my|my answer|go with|going with|"
    r"is correct|is right|more reliable|most recent|trust|prefer|favou?r|rely on|in practice|"
    r"default|approximately|about|around|roughly|nonetheless|nevertheless|anyway|final answer|"
    r"overall,|consensus|can be inferred|can be assumed|implies|would be|could be|may be|might be|"
    r"infer|deduce)\b"
)
"""Words that put something forward where the evidence does not."""
_IMPERATIVE = re.compile(
    r"^\W*(?:(?:but|so|and|however|therefore|thus|then|please|instead|just|nevertheless)\W+)*"
    r"(?:give|use|administer|start|continue|hold|stop|reduce|increase|proceed|initiate|treat|"
    r"resume|"
    r"switch|prescribe|deliver|take|assume|go with|enroll|enrol|withhold|restart|restart)\b"
)
_FILLER = word_set(
    """
    the a it is was were be of for to patient patient's dose value answer in at i would so but
    thus hence therefore and or this that then approximately about gy mg
    """
)


_NO_GUESS = re.compile(
    r"\b(?:i(?:'d| would) )?(?:rather |prefer )?(?:not|n't|never|rather than|instead of|without|"
    r"refrain from|avoid|than|no) (?:\w+ ){0,2}?"
    r"(?:guess\w*|assum\w+|estimat\w+|speculat\w+|suggest\w*|infer\w*|deduc\w+)"
)
_REFERS = re.compile(
    r"\b(?:consult\w*|check\w*|ask\w*|contact\w*|see|verif\w+|obtain\w*|clarif\w+|review\w*|"
    r"request\w*|look(?:ed|ing)? (?:up|at|in)|refer(?:red|ring)? to|turn to|place to look|"
    r"confirm\w* with|found in|needed|necessary|required)\b"
)
_ELSEWHERE = re.compile(
    rf"\b(?:{SOURCE}|sheet|publication|department|team|physician|doctor|oncologist|pharmacy|"
    r"pharmacist|hospital|clinic|investigators?|authors?|protocol|professional|specialist|centre|"
    r"center|office|ward|prescriber|nurse|surgeon|family|parents?|laboratory|lab|staff|clinician|literature|original|further|additional|"
    r"more)s?\b"
)
_GIVES_ONLY = re.compile(rf"\b{SOURCE} (?:\w+ )?{TELLS} only\b|\bonly (?:the|a|an|its|his|her)\b")
_SO_MANY = re.compile(r"\W*(?:so|hence|thus|therefore|then)\W+(?:\w+\W+){0,3}$")
_LISTS = re.compile(
    rf"\b{SOURCE}\b (?:only )?(?:mentions?|lists?|documents?|records?|names?)\b|"
    r"\b(?:is|are|was|were) (?:only )?(?:mentioned|listed|named|documented|recorded)\b"
)
_REASON = re.compile(r"\W*(?:because|since|due to|owing to)\b")
_NAMES_OF_VALUES = word_set(
    "dose doses dosage value amount number figure date dates age duration schedule reason reasons "
    "cause explanation result results grade stage frequency name person weight volume interval "
    "location place site rate count level size time day year length"
)
"""Words of a question that a statement on something else may share."""


_ASKED_AS = (
    (re.compile(r"\bwhy\b"), "reason reasons cause explanation"),
    (re.compile(r"\bwhen\b"), "date time day year"),
    (re.compile(r"\bwho\b"), "name person"),
    (re.compile(r"\bwhere\b"), "location place site"),
    (re.compile(r"\bhow long\b"), "duration length"),
    (re.compile(r"\bhow often\b"), "frequency schedule interval"),
    (re.compile(r"\bhow many\b"), "number count"),
    (re.compile(r"\bhow old\b"), "age"),
    (re.compile(r"\bweigh\b"), "weight"),
    (re.compile(r"\bhow (?:much|large|big|high)\b"), "amount dose size value"),
)
"""Questions, and the nouns that stand for what they ask for."""


def asked_words(question: str) -> frozenset[str]:
    """The words that say what a question asks for ("reason" where it asks why)."""
    text = plain(question)
    nouns = (noun for asks, named in _ASKED_AS if asks.search(text) for noun in named.split())
    return (content(text) - GENERIC_WORDS).union(nouns)


def verdict(part: Clause, matter: Matter) -> Verdict:
    """What a clause does that does not itself say that something is missing."""
    text = part.text
    if is_prescription(text) or (part.numbers and _SO_MANY.match(text)):
        return "offers"
    if _refers_elsewhere(text) and not part.numbers:
        return "nothing"
    hedged = OFFERS.search(_NO_GUESS.sub(" ", text)) is not None
    spoken = words(text)
    if is_foreign(part, matter) and (part.numbers or hedged or ASSERTS.search(text)):
        return "states" if part.numbers and _asks_why(matter) else "offers"
    if _is_bare_name(part, matter):
        return "offers"
    if hedged and (_has_value(part, spoken) or not SOURCE_WORD.search(text)):
        matters = _has_value(part, spoken) or _has_matter(spoken, matter)
        return "offers" if matters else "nothing"
    if any(not n.spelled or n.dimension for n in part.numbers):
        return _verdict_on_numbers(part, spoken, matter)
    if _REASON.match(text) and _asks_why(matter):
        return "offers"
    if any(w in ACTIONS for w in spoken[:3]) and not SOURCE_WORD.search(text):
        return "offers"
    if part.names and not SOURCE_WORD.search(text):
        return _verdict_on_names(part, spoken, matter)
    return "nothing"


def is_foreign(part: Clause, matter: Matter) -> bool:
    """Whether a clause has a number or a name that the vignette does not have."""
    if any(not n.spelled and not matter.has_number(n) for n in part.numbers):
        return True
    return any(n not in matter.given for n in part.names)


def _asks_why(matter: Matter) -> bool:
    return not matter.question.terms.isdisjoint(("why", "reason", "cause"))


def _verdict_on_names(part: Clause, spoken: tuple[str, ...], matter: Matter) -> Verdict:
    """Of a clause with names: a name that the question does not have, said of what was asked."""
    of_it = bool(matter.asked.intersection(spoken))
    if not ASSERTS.search(part.text) and (not of_it or matter.asked.issuperset(part.names)):
        return "nothing"
    of_it = of_it or spoken[0] in ("it", "he", "she")
    return "offers" if of_it and not _recites(part, spoken, matter) else "states"


def _verdict_on_numbers(part: Clause, spoken: tuple[str, ...], matter: Matter) -> Verdict:
    """Of a clause with numbers of the context: those of what was asked are an answer."""
    if _GIVES_ONLY.search(part.text):
        return "nothing"
    if _asks_why(matter) or _is_of_another(part, matter) or _recites(part, spoken, matter):
        return "states"
    wanted, _ = asked_for(matter.question.text)
    if wanted and not any(n.dimension.partition("/")[0] in wanted for n in part.numbers):
        return "states"
    rest = [w for w in spoken if w not in _FILLER and not w[0].isdigit()]
    return "offers" if len(rest) <= 1 or matter.asked.intersection(rest) else "states"


def is_prescription(text: str) -> bool:
    """Whether a clause tells what to do ("give 54 Gy")."""
    return _IMPERATIVE.match(text) is not None


def _refers_elsewhere(text: str) -> bool:
    """Whether a clause sends the reader to another source ("the chart should be checked")."""
    return _REFERS.search(text) is not None and _ELSEWHERE.search(text) is not None


def _has_value(part: Clause, spoken: tuple[str, ...]) -> bool:
    if part.names or any(not n.spelled or n.dimension for n in part.numbers):
        return True
    return any(w in CLASSES for w in spoken)


def _is_bare_name(part: Clause, matter: Matter) -> bool:
    """Whether a clause is little more than a name."""
    if not part.names or _LISTS.search(part.text) or _is_of_another(part, matter):
        return False
    if matter.asked.issuperset(part.names) and not CHOICE.search(plain(matter.question.text)):
        return False  # it only repeats what the question is about
    spoken = words(part.text)
    matter_words = [w for w in spoken if w not in _FILLER and w not in PLAIN_WORDS]
    if len(matter_words) == 2 and any(w not in part.names for w in matter_words):
        return not _recites(part, spoken, matter)
    return len(matter_words) <= 2


def _is_of_another(part: Clause, matter: Matter) -> bool:
    """Whether a clause is about a coded thing or an arm that the question does not name."""
    coded = [n for n in part.names if any(c.isdigit() for c in n) and n in matter.given]
    if coded and not any(n in matter.asked for n in coded):
        return True
    said = labels_of(part.text)
    asked = labels_of(matter.question.key) if said else []
    kinds = {kind for kind, _ in asked}
    return any(kind in kinds for kind, _ in said) and not set(said) & set(asked)


def _recites(part: Clause, spoken: tuple[str, ...], matter: Matter) -> bool:
    """Whether a clause repeats what the context says of something else than was asked.

    Its numbers and names stand in sentences of the context that it shares more words with than
    those of the question, and nothing in it is of the question that these sentences do not say.
    """
    told = [
        s
        for s in matter.context.sentences
        if any(n.same(m) for n in part.numbers for m in s.numbers)
        or any(n in s.names or n in s.words for n in part.names)
    ]
    if not told:
        return False
    held: set[str] = set()
    for sentence in told:
        held.update(map(stem, sentence.words))
    said = {stem(w) for w in spoken if w not in _SAYS_LITTLE and not w[0].isdigit()}
    said -= ATOMS.keys()
    asked = {stem(w) for w in matter.asked - _NAMES_OF_VALUES}
    labels = set(labels_of(part.text)) & set(labels_of(matter.question.key))
    if labels and not all(f" {kind} {name} " in matter.context.key for kind, name in labels):
        return False
    return bool((said & held) - asked) and not (said & asked) - held


_SAYS_LITTLE = STOP_WORDS | _FILLER


def _has_matter(spoken: tuple[str, ...], matter: Matter) -> bool:
    said = [w for w in spoken if w not in STOP_WORDS and w not in _FILLER]
    return len([w for w in said if w not in matter.asked]) > 1
