"""Does a clause offer an answer to what was asked, or only say what else is known?

A text that says that evidence is missing may repeat what the context does say, and may send the
reader elsewhere; an answer it is only where something is put in place of what is missing.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from dipg.quantities import Quantity
from dipg.rubric.clauses import ASSERTS, Clause
from dipg.rubric.cues import cued
from dipg.rubric.labels import labels_of
from dipg.rubric.lexicon import ACTIONS, CLASSES, PLAIN_WORDS, STOP_WORDS, word_set
from dipg.rubric.matter import Matter
from dipg.rubric.reading import Sentence, squeeze
from dipg.rubric.stems import stem
from dipg.rubric.telling import GIVES_REASON, SOURCE, SOURCE_WORD, TELLS
from dipg.text import words
from dipg.units import ATOMS

Verdict = Literal["offers", "states", "nothing"]
"""A clause offers an answer, states a fact beside it, or says nothing of either kind."""


_OFFERS = cued(
    r"\b(?:probably|likely|likeliest|in all (?:likelihood|probability)|"
    r"presumably|perhaps|maybe|possibly|"
    r"guess(?:ing|ed)?|i'd|i would|assum(?:e|ing)|suggest|best estimate|estimate|should be|"
    r"should get|should receive|must be|must have been|ought to|usually|typically|commonly|"
    r"generally|customary|standard|normal|conventional|recommended|recommend|therefore|thus|hence|"
    r"the answer is|answer:|it is safe|i think|i believe|in my|my answer|go with|going with|"
    r"is correct|is right|more reliable|most recent|trust|prefer|favou?r|rely on|in practice|"
    r"default|(?:approximately|about|around|roughly)(?= [<>~]?\d| (?:half|an?|one|two|three|four|"
    r"five|six|ten)\b)|almost certainly|surely|nonetheless|nevertheless|anyway|final answer|"
    r"overall,|consensus|can be inferred|can be assumed|implies|would be|could be|may be|might be|"
    r"infer|deduce)\b",
    """
    probably likely likeliest likelihood probability presumably perhaps maybe possibly guess
    guessing guessed i would assume assuming suggest estimate should must ought usually typically
    commonly generally customary standard normal conventional recommended recommend therefore thus
    hence answer safe my go going correct right reliable recent trust prefer favor favour rely
    practice default approximately about around roughly certainly surely nonetheless nevertheless
    anyway overall
    consensus inferred assumed implies could may might infer deduce
    """,
)
_SO_IT = cued(r"\bso it\b", "so")
"""Words that put something forward where the evidence does not; "so" alone is too common to search
for all of them."""
_IMPERATIVE = re.compile(
    r"^\W*(?:(?:but|so|and|however|therefore|thus|then|please|instead|just|nevertheless)\W+)*"
    r"(?:give|use|administer|start|continue|hold|stop|reduce|increase|proceed|initiate|treat|"
    r"resume|"
    r"switch|prescribe|deliver|take|assume|go with|enroll|enrol|withhold|restart)\b"
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
_GUESSES = ("guess", "assum", "estimat", "speculat", "suggest", "infer", "deduc")
"""What one of has to stand where _NO_GUESS matches."""
_REFERS = re.compile(
    r"\b(?:consult\w*|check\w*|ask\w*|contact\w*|see|verif\w+|obtain\w*|clarif\w+|review\w*|"
    r"request\w*|look(?:ed|ing)? (?:up|at|in)|refer(?:red|ring)? to|turn to|place to look|"
    r"confirm\w* with|found in|need\w*|necessary|required)\b"
)
_ELSEWHERE = re.compile(
    rf"\b(?:{SOURCE}|sheet|list|publication|department|team|physician|doctor|oncologist|pharmacy|"
    r"pharmacist|hospital|clinic|investigators?|authors?|protocol|professional|specialist|centre|"
    r"center|office|ward|prescriber|nurse|surgeon|family|parents?|laboratory|lab|staff|clinician|literature|original|further|additional|"
    r"more)s?\b"
)
_GIVES_ONLY = re.compile(
    rf"\b{SOURCE} (?:\w+ )?{TELLS} only\b|\b{SOURCE} only {TELLS}\b|"
    r"\bonly (?:the|an?|its|his|her)\b"
)
_SO_MANY = re.compile(r"\W*(?:so|hence|thus|therefore|then)\W+(?:\w+\W+){0,3}$")
_LISTS = re.compile(
    rf"\b{SOURCE}\b (?:only )?(?:mentions?|lists?|documents?|records?|names?)\b|"
    r"\b(?:is|are|was|were) (?:only )?(?:mentioned|listed|named|documented|recorded)\b"
)


def verdict(part: Clause, matter: Matter) -> Verdict:
    """What a clause does that does not itself say that something is missing."""
    text = part.text
    if matter.polar and _SAYS_VERDICT.match(text):
        return "offers"
    if is_prescription(text) or (part.numbers and _concludes(text)):
        return "offers"
    if not part.numbers and _refers_elsewhere(text):
        return "nothing"
    spoken = words(text)
    hedged = _hedges(text, spoken)
    if is_foreign(part, matter) and (part.numbers or hedged or ASSERTS.search(text)):
        return "states" if part.numbers and matter.asks_why else "offers"
    if _is_bare_name(part, spoken, matter) or _affirms(part, spoken, matter):
        return "offers"
    if hedged and (_has_value(part, spoken) or not SOURCE_WORD.search(text)):
        matters = _has_value(part, spoken) or _has_matter(spoken, matter)
        return "offers" if matters else "nothing"
    if any(_is_value(n, matter) for n in part.numbers):
        return _verdict_on_numbers(part, spoken, matter)
    if GIVES_REASON.match(text) and matter.asks_why:
        return "offers"
    acts = any(w in ACTIONS for w in spoken[:3]) and spoken[0] != "only"
    if acts and not SOURCE_WORD.search(text):
        return "offers"
    if part.names and not SOURCE_WORD.search(text):
        return _verdict_on_names(part, spoken, matter)
    return "nothing"


_SAYS_VERDICT = re.compile(
    r"\W*(?:so|hence|thus|therefore|but|and)?,? ?(?:it is |it's |the answer is )?(?:yes|no)\W*$"
)


def _is_value(number: Quantity, matter: Matter) -> bool:
    """Whether a number may be a value: "day 7" names one, if it is not days that are asked for."""
    if number.dimension[:1] == "#":
        return not any(n.dimension == number.dimension for n in matter.question.numbers)
    return not number.spelled or bool(number.dimension)


def _hedges(text: str, spoken: tuple[str, ...]) -> bool:
    """Whether a clause puts something forward, and not only says that nobody should."""
    if any(map(text.__contains__, _GUESSES)):
        text = _NO_GUESS.sub(" ", text)
        spoken = words(text)
    return puts_forward(text, spoken)


def puts_forward(text: str, spoken: Iterable[str]) -> bool:
    """Whether plain text with these words puts something forward as likely or as a conclusion."""
    return bool(_OFFERS.search(text, spoken) or _SO_IT.search(text, spoken))


def _affirms(part: Clause, spoken: tuple[str, ...], matter: Matter) -> bool:
    """Whether a clause says of a yes-or-no question's matter that it is so ("it is methylated")."""
    if not matter.polar or ASSERTS.search(part.text) is None or SOURCE_WORD.search(part.text):
        return False
    if matter.asked.isdisjoint(spoken) or _DENIES.search(part.text):
        return False
    return _GIVEN.match(part.text) is not None or (
        not _is_of_another(part, matter) and not _recites(part, spoken, matter)
    )


_GIVEN = re.compile(r"\W*(?:but )?(?:given|based on|in view of|judging by|in line with)\b")


def _concludes(text: str) -> bool:
    """Whether a clause with a number draws a conclusion ("so 54 Gy", "thus 54 Gy is best")."""
    if _SO_MANY.match(text):
        return True
    return _CONCLUDES.match(text) is not None and _DENIES.search(text) is None


_CONCLUDES = re.compile(r"\W*(?:so|hence|thus|therefore|accordingly)\b")
_DENIES = re.compile(r"\b(?:no|not|none|cannot|nothing|without|neither|only|just)\b")


def is_foreign(part: Clause, matter: Matter) -> bool:
    """Whether a clause has a number or a name that the vignette does not have."""
    if any(not n.spelled and not matter.has_number(n) for n in part.numbers):
        return True
    return any(not matter.gives(n) for n in part.names)


def _verdict_on_names(part: Clause, spoken: tuple[str, ...], matter: Matter) -> Verdict:
    """Of a clause with names: a name that the question does not have, said of what was asked."""
    of_it = bool(matter.asked.intersection(spoken))
    if not of_it and _LISTS.search(part.text):
        return "nothing"
    if not ASSERTS.search(part.text) and (not of_it or matter.asked.issuperset(part.names)):
        return "nothing"
    of_it = of_it or spoken[0] in ("it", "he", "she")
    return "offers" if of_it and not _recites(part, spoken, matter) else "states"


def _verdict_on_numbers(part: Clause, spoken: tuple[str, ...], matter: Matter) -> Verdict:
    """Of a clause with numbers of the context: those of what was asked are an answer."""
    if "only" in spoken and _GIVES_ONLY.search(part.text):
        return "nothing"
    if matter.asks_why or _is_of_another(part, matter):
        return "states"
    if matter.wanted and not any(_kind(n) in matter.wanted for n in part.numbers):
        return "states"
    rest = [w for w in spoken if w not in _FILLER and not w[0].isdigit()]
    if len(rest) > 1 and matter.asked.isdisjoint(rest):
        return "states"
    return "states" if _recites(part, spoken, matter) else "offers"


def _kind(number: Quantity) -> str:
    return number.dimension.partition("/")[0]


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


def _is_bare_name(part: Clause, spoken: tuple[str, ...], matter: Matter) -> bool:
    """Whether a clause is little more than a name."""
    if not part.names:
        return False
    if matter.asked.issuperset(part.names) and not matter.offers_choice:
        return False  # it only repeats what the question is about
    matter_words = [w for w in spoken if w not in _FILLER and w not in PLAIN_WORDS]
    if len(matter_words) > 2 or _LISTS.search(part.text) or _is_of_another(part, matter):
        return False
    if len(matter_words) == 2 and any(w not in part.names for w in matter_words):
        return not _recites(part, spoken, matter)
    return True


def _is_of_another(part: Clause, matter: Matter) -> bool:
    """Whether a clause is about a coded thing or an arm that the question does not name."""
    coded = [n for n in part.names if any(c.isdigit() for c in n) and matter.gives(n)]
    if coded and not any(n in matter.asked for n in coded):
        return True
    if not matter.labels:
        return False
    said = labels_of(part.text)
    kinds = {kind for kind, _ in matter.labels}
    return any(kind in kinds for kind, _ in said) and matter.labels.isdisjoint(said)


def _recites(part: Clause, spoken: tuple[str, ...], matter: Matter) -> bool:
    """Whether a clause repeats what the context says of something else than was asked.

    Its numbers and names stand in sentences of the context that it shares more words with than
    those of the question, and nothing in it is of the question that these sentences do not say.
    """
    said = {stem(w) for w in spoken if w not in _SAYS_LITTLE and not w[0].isdigit()}
    beside, asked = said - matter.asked_stems, said & matter.asked_stems
    if not beside:
        return False
    if matter.labels and any(
        f" {kind} {name} " not in matter.context.key
        for kind, name in matter.labels.intersection(labels_of(part.text))
    ):
        return False
    held: set[str] = set()
    for sentence in matter.context.sentences:
        if _shares_value(part, sentence):
            held |= _stems_of(sentence.words)
            if asked <= held and not beside.isdisjoint(held):
                return True
    return False


def _shares_value(part: Clause, sentence: Sentence) -> bool:
    if any(n.same(m) for n in part.numbers for m in sentence.numbers):
        return True
    if not part.names:
        return False
    if any(n in sentence.words for n in part.names):
        return True
    written = squeeze(sentence.folded)  # names are read only where they may stand
    return any(n in written and n in sentence.names for n in part.names)


@lru_cache(maxsize=8192)
def _stems_of(spoken: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, spoken))


_SAYS_LITTLE = STOP_WORDS | _FILLER | ATOMS.keys()


def _has_matter(spoken: tuple[str, ...], matter: Matter) -> bool:
    said = [w for w in spoken if w not in STOP_WORDS and w not in _FILLER]
    if matter.offers_choice and matter.asked.intersection(said):
        return True  # one of two that the question offers
    return len([w for w in said if w not in matter.asked]) > 1
