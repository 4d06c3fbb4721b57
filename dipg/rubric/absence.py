"""Does a text say that the evidence is not there?

A catalogue of ways to say so. Every way has a word without which it cannot be said, and is looked
for only where that word stands: one pattern of all ways would be tried in full at every character.
"""

from collections.abc import Iterable
from functools import lru_cache

from dipg.rubric.cues import Cued, cued, matches
from dipg.rubric.lexicon import word_set
from dipg.rubric.telling import (
    ADVERBS,
    CANNOT,
    CANNOT_BE,
    EXAMINED,
    GAP,
    SOURCE,
    STRONG,
    TELLS,
    VALUE_NOUN,
    WEAK,
    WITHIN,
)
from dipg.text import words

_WAYS: tuple[Cued, ...] = tuple(
    cued(way, cues)
    for cues, way in (
        # the record does not state ...; neither source mentions ...
        (
            "not t",
            rf"(?<!according to the )(?<!per the )\b(?:{SOURCE}|it|protocol)\b{WITHIN}"
            rf"\b(?:does|do|did|doesn|don|didn)(?: not|'t) "
            rf"{ADVERBS}{TELLS}\b",
        ),
        (
            "neither none no",
            rf"\b(?:neither|none|no)\b (?:of )?(?:the |these |those |either |"
            rf"any )?(?:\w+ )?{SOURCE}"
            rf"(?: \w+){{0,3}}? {TELLS}\b",
        ),
        (
            "lack lacks lacking lacked omit omits omitted fail fails leave leaves never no nothing "
            "silent mute incomplete insufficient inadequate blank missing absent unavailable",
            rf"\b(?:{SOURCE}|it)\b (?:(?!says? |states? |that |she |he )\w+ ){{0,4}}?"
            rf"(?:lack(?:s|ed|ing)?|"
            rf"omit(?:s|ted)?|fails? to {TELLS}|leaves? (?:[\w'-]+ ){{0,5}}?out|never {TELLS}|"
            rf"makes? no (?:\w+ )?(?:mention|reference)|says? nothing|"
            rf"(?:contains?|provides?|gives?|includes?|offers?|has|have|holds?|lists?|mentions?|"
            rf"states?) no\b|"
            rf"(?:is|are|was|were|remains?|stays?) (?:\w+ )?(?:silent|mute|incomplete|insufficient|"
            rf"inadequate|blank|missing|lacking|absent|unavailable))\b",
        ),
        # is not stated; not documented anywhere; was never recorded
        (
            "not never nowhere neither t",
            rf"\b(?:not|never|nowhere|n't|neither)(?: been| explicitly| actually| directly|"
            rf" clearly| "
            rf"specifically| otherwise| yet| even| anywhere| to be)? {STRONG}\b",
        ),
        (
            "not never nowhere t",
            rf"\b(?:not|never|nowhere|n't)(?: been| explicitly| anywhere| to be)? {WEAK}\b"
            rf"{GAP}\b(?:in|by|from|within|on|anywhere in) (?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        (
            "unspecified unstated undocumented unreported unrecorded unmentioned unavailable "
            "unknown unanswerable undisclosed unaddressed undetermined indeterminate",
            r"\b(?:un(?:specified|stated|documented|reported|recorded|mentioned|available|known|"
            r"answerable|disclosed|addressed)|undetermined|indeterminate)\b",
        ),
        # no information about; no dose is stated; there is no ... in the record
        # the dose is not given; the dose of X is reported, that of Y is not
        (
            "not",
            rf"\b{VALUE_NOUN}(?: \w+){{0,5}}? (?:is|are|was|were|has|have) (?:simply |also )?not "
            rf"(?:been )?{WEAK}\b",
        ),
        (
            "not",
            rf"\b{VALUE_NOUN}(?: \w+){{0,5}}? (?:is|are|was|were|does|do|"
            rf"has) not(?: been)?(?=\W*$|[.;])",
        ),
        # only the schedule is documented; how much was infused is not
        (
            "not",
            r"(?:^|, )\W*(?:but |and |while |though )?(?:how|which|who|when|where|what|why|"
            rf"whether)\b{GAP}\b(?:is|are|was|were) not(?=\W*$)",
        ),
        # reports a dose for X, none for Y; but not which dose; we are not told
        (
            "none nothing not no",
            rf"\b(?:{SOURCE}|it|only)\b{GAP}(?:\bbut|\band|,) (?:none|nothing|not|no (?:\w+ )"
            r"{0,2}?\w+) (?:for|on|of|about|regarding|which|what|when|where|who|why|how|with|in|"
            r"at)\b",
        ),
        (
            "not never",
            r"\b(?:not|never) (?:told|informed)\b",
        ),
        # was not tested; none documented; no name is given; lists X but no Y
        (
            "not never",
            rf"\b(?:not|never)(?: been| yet| formally)* {EXAMINED}\b",
        ),
        (
            "none nothing",
            rf"\b(?:none|nothing) (?:is |was |are |were |has been |have been )?"
            rf"(?:{STRONG}|{EXAMINED})\b",
        ),
        (
            "no",
            r"\bno (?:documented|recorded|stated|mentioned|specified|available)\b",
        ),
        (
            "no",
            rf"\bno (?:[\w-]+ ){{0,3}}?{VALUE_NOUN}\b(?: \w+){{0,3}}? "
            rf"(?:is|are|was|were) {WEAK}\b",
        ),
        # only X is recorded, not Y
        (
            "not",
            rf"\bonly\b{GAP} (?:is|are|was|were) (?:{STRONG}|given|found)"
            r"(?:,|,? but|,? and) not\b",
        ),
        (
            "no nothing",
            rf"\b(?:i|we) (?:can |could )?find (?:no|nothing)\b{GAP}\b(?:in|within) "
            rf"(?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        (
            "no not none nothing",
            rf"\b{SOURCE}\b (?:only )?(?:mention|list|document|record|give|contain|include|name|"
            rf"report|state|provide)s?\b{GAP}\b(?:but|and) (?:no|not|none|nothing)\b",
        ),
        (
            "not",
            rf"\bnot (?:something|anything|a detail|what) (?:that )?(?:\w+ ){{0,2}}?{SOURCE}\b",
        ),
        (
            "no",
            r"\bno (?:\w+ ){0,3}?(?:information|mention|details?|documentation|reference|"
            r"references|"
            r"data)\b(?! (?:monitoring|safety))",
        ),
        (
            "no",
            rf"\bno (?:\w+[ -]){{0,6}}?(?:is|are|was|were|has been|have been|can be|could be) "
            rf"(?:\w+ )?(?:{STRONG}|determined|derived|inferred|concluded|answered|extracted)\b|"
            r"\bno (?:\w+[ -]){0,6}?(?:can|could) be (?:found|identified|given|established)\b",
        ),
        (
            "no",
            rf"\bno (?:\w+[ -]){{0,6}}?(?:{STRONG}|{WEAK}) (?:in|by|from|"
            rf"within) (?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        (
            "no",
            rf"\bno (?:\w+ ){{0,3}}?(?:evidence|indication|record|statement|entry|{VALUE_NOUN})s? "
            rf"{GAP}\b(?:in|from|within) (?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        (
            "no",
            r"\bno (?:\w+ ){0,2}?(?:answer|record|entry|statement) (?:of|for|on|about|regarding|"
            r"can be|is "
            r"possible)\b",
        ),
        (
            "no not nothing t",
            rf"\bthere(?: is|'s| are| was| were) (?:no|not|nothing|n't)\b"
            r"(?! (?:\w+ )?(?:conflict|disagreement|contradiction|discrepancy|doubt|question))"
            rf"{GAP}\b(?:(?:on|about|regarding)\b|(?:in|within|from) (?:\w+ ){{0,3}}?{SOURCE}\b)",
        ),
        (
            "nothing",
            rf"\bnothing\b{GAP}\b(?:about|on|regarding|is said|is stated|is recorded|"
            rf"in (?:\w+ ){{0,2}}?{SOURCE}|(?:this|that|these|either) {SOURCE})\b"
            r"(?! (?:contradicts|conflicts|disagrees|speaks against))",
        ),
        (
            "silent",
            r"\bsilent (?:on|about|regarding|as to|here|with regard)\b|\bis silent\b",
        ),
        (
            "insufficient not inadequate little incomplete lack absence missing without",
            r"\b(?:insufficient|not enough|not sufficient|inadequate|too little|incomplete|lack of|"
            r"absence of|(?<!not )missing|without(?: any| further| more| sufficient| explicit)?) "
            r"(?:\w+ ){0,2}?(?:information|evidence|data|details?|documentation|record|context|"
            r"testing|results?)\b",
        ),
        (
            "missing absent lacking omitted left",
            rf"\b(?:is|are|was|were|remains?) (?:\w+ )?(?:missing|absent|lacking|omitted|"
            rf"left out)\b"
            rf"(?= (?:from|in) (?:\w+ ){{0,3}}?{SOURCE}\b|[.,;!]? *$| here\b)",
        ),
        (
            "not",
            rf"\bnot (?:appear |occur |figure |stand )?(?:in|part of|within|among|anywhere in|"
            rf"to be found in) (?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        (
            "outside",
            rf"\boutside (?:the|this|of|what)\b (?:scope of )?(?:\w+ ){{0,3}}?{SOURCE}\b",
        ),
        # nowhere does it give ...; confirms A but leaves out B
        ("nowhere", rf"\bnowhere\b(?!,){GAP}\b(?:{TELLS}|{STRONG}|{WEAK})\b"),
        (
            "leave leaves omit omits lack lacks fail fails nothing silent never",
            rf"\b(?:but|and|yet|though|while) (?:\w+ ){{0,2}}?(?:leaves out|omits|lacks|"
            rf"fails to {TELLS}|says? nothing|never {TELLS}|(?:is|are|remains?) silent)\b",
        ),
        # no threshold appears in it; there is no concentration to report
        (
            "no",
            rf"\bno (?:[\w-]+ ){{1,6}}?(?:appears?|stands|features|occurs) {GAP}{SOURCE}\b|"
            r"\bno (?:[\w-]+ ){1,4}?to (?:report|give|state|quote|name|cite)\b",
        ),
        # tells how old the sister is, but not the girl herself
        (
            "not no",
            rf"\b{SOURCE}\b (?:only )?{TELLS}\b{GAP}\bbut (?:not|no)\b",
        ),
        (
            "not never nowhere",
            r"\b(?:not|never|nowhere) (?:appear|figure|stand|occur)s? "
            r"(?:in|on|among|within|anywhere)\b",
        ),
        (
            "cannot not t",
            rf"\b(?:it|this|that) {CANNOT_BE} (?:stated|named|provided|specified|reported|supplied|"
            r"calculated)\b",
        ),
        ("no", rf"^\W*no (?:\w+ )?{VALUE_NOUN} (?:for|of|on)\b"),
        # the number of milligrams cannot be given
        (
            "cannot not t",
            rf"\b{VALUE_NOUN}(?: \w+){{0,5}}? {CANNOT_BE} (?:given|stated|named|provided|specified|"
            r"told|said|answered|supplied|reported)\b",
        ),
        ("not", r"\b(?:it|this|that|which) is (?:simply |just )?not there\b"),
        (
            "open pending awaited immature outstanding",
            r"\bleaves? (?:\w+ ){0,2}?open\b|\b(?:is|are|was|were|remains?) (?:still |yet )?"
            r"(?:pending|awaited|immature|outstanding)\b",
        ),
        ("not", rf"\bnot among (?:\w+ ){{0,3}}?(?:results|values|data|findings|facts|{SOURCE})\b"),
        (
            "no",
            r"\bthere (?:is|are) no (?:\w+ )?(?:dose|dosage|value|figure|number|date)s? for\b",
        ),
        (
            "no",
            r"\b(?:but|and|yet|though|while) (?:\w+ ){0,2}?(?:gives?|states?|names?|mentions?|"
            r"provides?|reports?|specif(?:y|ies)|records?|lists?|contains?|includes?|offers?) no\b",
        ),
        (
            "abstain abstaining",
            r"\b(?:must|have to|will|should|need to|i) abstain\b|^abstain",
        ),
        (
            "without",
            r"\bwithout (?:\w+ ){0,2}?(?:specifying|stating|mentioning|indicating|giving|"
            r"explaining|saying|naming|reporting|recording|telling|detailing|disclosing|identifying)\b",
        ),
        (
            "unrelated",
            r"\bunrelated to the\b",
        ),
    )
)
"""(words of which one has to be there, what says that the evidence is missing)."""

UNDECIDABLE = cued(
    rf"\b{CANNOT} (?:be )?(?:\w+ ){{0,2}}?(?:determin|deriv|infer|locat|establish|ascertain|"
    rf"conclu|deduc|"
    r"calculat|comput|extract|tell|find|found|identif|confirm|know|decid|resolv|assess|estimat|"
    r"settl|work(?:ed)? out|told\b|"
    r"made\b|drawn\b)|\b(?:is|are|remains?) (?:\w+ )?"
    r"(?:unclear|uncertain|ambiguous|inconclusive)\b",
    "can cannot could couldn unable able possible impossible way unclear uncertain ambiguous "
    "inconclusive",
)
"""A statement that the question cannot be settled."""

CUES = word_set(
    """
    no not none nothing nowhere never neither nor cannot unable silent mute blank missing lack
    lacks lacking absent absence insufficient inadequate incomplete impossible omit omits
    omitted fail fails failed leave leaves outside abstain abstaining without unrelated little
    unspecified unstated undocumented unreported unrecorded unmentioned unavailable unknown
    unanswerable undisclosed unaddressed undetermined unclear uncertain indeterminate ambiguous
    inconclusive decline refuse ai language consult seek sorry against violate violates violated
    don won doesn isn t open pending awaited immature outstanding
    """
)
"""A text without any of these words neither misses anything nor declines."""


def is_cued(plain_text: str) -> bool:
    """Whether a text is worth a search for what it misses or declines."""
    return not CUES.isdisjoint(words(plain_text))


def statements_of_absence(text: str, spoken: Iterable[str] | None = None) -> list[tuple[int, int]]:
    """Where plain text says that evidence is missing; [] at the cost of one search otherwise.

    Args:
      text: plain.
      spoken: its words, where they are known.
    """
    found: list[tuple[int, int]] = []
    if CUES.isdisjoint(words(text) if spoken is None else spoken):
        return found
    start = 0
    while start < len(text):
        ends = [at for end in _ENDS if (at := text.find(end, start)) >= 0]
        stop = min(ends, default=len(text) - 1) + 1
        found += [(start + a, start + b) for a, b in _missing_in(text[start:stop])]
        start = stop
    return found


def _find_missing(sentence: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    spoken = frozenset(words(sentence))
    if CUES.isdisjoint(spoken):
        return found
    for m in matches(_WAYS, sentence, spoken):
        tail = sentence[m.end() : m.end() + 12]
        others = " other" in m.group() or " additional" in m.group()
        if not others and not tail.startswith((" other ", " any oth")):
            found.append(m.span())
    return found


_find_missing_kept = lru_cache(maxsize=8192)(_find_missing)


def _missing_in(sentence: str) -> list[tuple[int, int]]:
    """The responses of a group say much the same."""
    return _find_missing_kept(sentence) if len(sentence) < 500 else _find_missing(sentence)


_ENDS = (". ", "! ", "? ", ";", "\n")
