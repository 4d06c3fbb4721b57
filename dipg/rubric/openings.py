"""Does an answer say yes where yes is expected, and no where no is?"""

import re

from dipg.rubric.besides import says_besides
from dipg.rubric.concepts import OPPOSITES, concepts, concepts_of, root, segments, units
from dipg.rubric.lexicon import GENERIC_WORDS, STOP_WORDS, word_set
from dipg.rubric.mentions import Claim, is_of_another
from dipg.rubric.stems import stem, stems
from dipg.rubric.targets import is_negated
from dipg.rubric.wording import up_to_reason
from dipg.text import words

_OTHER = {"yes": "no", "no": "yes"}

_SAYS_YES = re.compile(
    r"\W*(?:positive|present|correct|affirmative|"
    r"(?:it|he|she|they|this|that) (?:did|does|do|was|were|has|have|had|is|are))\W*$"
)

_SAYS_NO = re.compile(
    r"\W*(?:negative|absent|none|never|excluded|ruled out|wild[- ]type|"
    r"(?:it|he|she|they|this|that) (?:did|does|do|was|were|has|have|had|is|are|could) not|"
    r"(?:none|not) (?:was |were |is |are |been )?(?:seen|found|observed|"
    r"detected|present|noted))\W*$"
)

_NOT_YET = re.compile(
    r"\W*not (?:yet|now|today|currently|at (?:present|this time))\W*(?:[.,;:(]|$)"
)

_HEAD = re.compile(r"\W*(yes|no)\b(?! (?:doubt|question|wonder|less|more|sooner)\b)")

def opens_alike(claim: Claim) -> bool:
    """ "Yes" and "no" agree; an answer without either must repeat the question, denied or not."""
    answer, target = claim.answer, claim.target
    head = _HEAD.match(answer.text)
    if not target.opening:
        return not head or all(o.opening == head[1] for o in claim.options if o.polar)
    if head:
        named = {name for name, _ in answer.names}
        if re.match(r"\W*no \w", answer.text) and named and not named & claim.question.names:
            return False
        if _takes_back(claim, head[1]) or (head[1] == "no" and _asserts_asked(claim)):
            return False
        if _goes_on_otherwise(claim, head):
            return False
        turned = re.search(
            rf"(?:\b(?:or|and|but|wait|actually|rather|correction)\b[^.]{{0,12}}|[.;:] ?)"
            rf"\b{_OTHER[head[1]]}\b(?! \w)",
            answer.text[head.end() :],
        )
        return head[1] == target.opening and turned is None
    if _repeats_reason(claim):
        return True
    if _NOT_YET.match(answer.text):
        return target.opening == "no"
    if _SAYS_YES.match(answer.text) or _says_no(claim):
        return _says_no(claim) == (target.opening == "no")
    if re.search(rf"\b{_OTHER[target.opening]}\b", answer.text[:60]) and target.opening == "no":
        return False
    first = answer.clauses[0] if answer.clauses else None
    if first is not None and is_of_another(first, claim):
        return False
    asked = _asked(claim)
    spoken = concepts(answer.text)
    content = {root(w) for w in words(answer.text) if w not in STOP_WORDS}
    known = frozenset().union(*asked)
    if target.opening == "yes" and content and content <= known and not is_negated(answer.text):
        return True
    said = up_to_reason(_clause_with_verb(claim))
    if len(words(answer.text)) <= 6:
        said = answer.text
    if _is_on(said, asked) or (target.besides and says_besides(claim)):
        return leans(said, claim) == target.opening
    told = sum(not spoken.isdisjoint(unit) for unit in asked)
    if told < 0.5 * max(len(asked), 1) and not target.numbers and not target.names:
        return False
    return leans(said, claim) == target.opening

def _asked(claim: Claim) -> list[frozenset[str]]:
    """What a question speaks of, word by word."""
    return [
        unit.meant
        for unit in units(claim.question.text.lower())
        if unit.said not in STOP_WORDS | GENERIC_WORDS and unit.said != "ever"
    ]

def _is_on(said: str, asked: list[frozenset[str]]) -> bool:
    """Whether half of what a text says is of the question."""
    known = frozenset().union(*asked)
    told = [u.meant for u in units(said) if u.said not in _SAYS_LITTLE]
    if not told or _is_opposed(said, known):
        return True
    return sum(not unit.isdisjoint(known) for unit in told) >= 0.5 * len(told)

_VERDICTS = word_set(
    "never none absent absence negative non excluded exclude lacked lacking lacks lack present "
    "found seen ruled out denied intact free wild type failed fails only"
)
_SAYS_LITTLE = STOP_WORDS | GENERIC_WORDS | _VERDICTS
_DENIES = re.compile(
    r"\b(?:not|never|no|without|neither|nor|cannot|none|lack(?:s|ed|ing)?|absen(?:t|ce)|"
    r"fail(?:s|ed)?|den(?:ies|ied)|exclu(?:ded?|sion)|rul(?:e|ed|ing) out|negative|non|free of|"
    r"wild[- ]type)\b"
)

def leans(said: str, claim: Claim) -> str:
    """Whether a statement on what was asked says yes or no: denied as often as the question."""
    denied = len(_DENIES.findall(_OTHERWISE.sub("", said)))
    denied += _is_opposed(said, frozenset().union(*_asked(claim)))
    asked = len(_DENIES.findall(claim.question.text.lower()))
    return "no" if (denied - asked) % 2 else "yes"

def _is_opposed(said: str, asked: frozenset[str]) -> bool:
    """Whether a statement has the opposite of something asked ("incomplete", "unsafe", "lost")."""
    for unit in units(said):
        if unit.meant.isdisjoint(asked):
            if any(OPPOSITES.get(c) in asked for c in unit.meant):
                return True
            found = _UN.match(unit.said)
            if found is not None and not concepts_of(found[1]).isdisjoint(asked):
                return True
    return False

_UN = re.compile(r"(?:un|in|im|ir|non)([a-z]{4,})$")
_OTHERWISE = re.compile(r"\b(?:no doubt|without (?:a |any )?doubt|not only|no sooner)\b")

_CHANGES = frozenset(("~increase", "~decrease", "~improve", "~worsen"))
_PRONOUN = re.compile(
    r"\b(?:it|he|she|they|her|him|them|this|that|there|one(?! (?:day|week|month|year|more|of)\b))\b"
)

def _goes_on_otherwise(claim: Claim, head: re.Match[str]) -> bool:
    """Whether the statement behind a yes or no says the opposite ("No, it was present")."""
    text = claim.answer.text
    if not re.match(r" ?[,.;:-]", text[head.end() :]):
        return False
    asked = _asked(claim)
    named = claim.question.names
    for said, _ in segments(text[head.end() :]):
        spoken = concepts(said)
        spoken |= {"~change"} if not spoken.isdisjoint(_CHANGES) else spoken
        shared = sum(not spoken.isdisjoint(unit) for unit in asked)
        if _is_opposed(said, frozenset().union(*asked)):
            return leans(said, claim) != head[1]
        if shared and shared >= 0.5 * len(asked) and leans(said, claim) == head[1]:
            return False
        told = {n for n in claim.context.names - named if n in spoken or root(n) in spoken}
        if told or shared < (1 if _PRONOUN.search(said) else 0.5 * len(asked)):
            continue
        missing = any(n not in spoken and root(n) not in spoken for n in named)
        if missing and _PRONOUN.search(said) is None:
            continue
        return _LIMITED.search(said) is None and leans(said, claim) != head[1]
    return False

def _asserts_asked(claim: Claim) -> bool:
    """Whether what follows "no" says what was asked about, or that there is none of something
    else."""
    text = claim.answer.text
    known = claim.question.terms | claim.context.terms
    noun = _NO_WHAT.match(text)
    if noun is not None and not {stem(w) for w in words(noun[1])} & {stem(w) for w in known}:
        return True
    after = text.split(",", 1)[1] if "," in text else ""
    if not after or is_negated(after) or _LIMITED.search(after):
        return False
    asked = {stem(w) for w in claim.question.terms if w not in STOP_WORDS and len(w) > 2}
    return any(
        w.endswith("ed") and w not in claim.question.terms and stem(w) in asked
        for w in words(after)
    )

_NO_WHAT = re.compile(r"\W*no ((?:[a-z]+ ){1,3})(?:was|were|is|are|has|had)\b")

_LIMITED = re.compile(
    r"\b(?:only(?! once| twice)|unless|if|when|for|until|because|since|as|after|before)\b"
)

def _repeats_reason(claim: Claim) -> bool:
    """Whether an answer leaves "no" out and says the rest of the wording ("it was too risky")."""
    opening = _OPENS.match(claim.target.whole)
    if opening is None:
        return False
    rest = claim.target.whole[opening.end() :]
    known = {stem(w) for w in claim.question.terms}
    fresh = {stem(w) for w in words(rest) if w not in STOP_WORDS and len(w) > 3} - known
    return (
        bool(fresh)
        and fresh <= stems(claim.answer.text)
        and is_negated(rest) == is_negated(claim.answer.text)
        and not any(is_of_another(clause, claim) for clause in claim.answer.clauses)
    )

_OPENS = re.compile(r"\W*(?:yes|no) ?[,;.:]")

def _says_no(claim: Claim) -> bool:
    """ "None was reported" where the question is whether something was reported."""
    text = claim.answer.text
    verb = _NONE_WAS.match(text)
    asked = verb is not None and stem(verb[1]) in {stem(w) for w in claim.question.terms}
    return asked or _SAYS_NO.match(text) is not None

_NONE_WAS = re.compile(r"\W*none (?:was |were |has been |have been )?(\w+)\W*$")

def _takes_back(claim: Claim, head: str) -> bool:
    """Whether a later "but" says the opposite of the opening ("No, but one seizure occurred")."""
    asked = {stem(w) for w in claim.question.terms if w not in STOP_WORDS and len(w) > 2}
    return any(
        bool(asked & stems(clause.text)) and is_negated(clause.text) != (head == "no")
        for clause in claim.answer.clauses[1:]
        if _BUT.match(clause.text)
    )

_BUT = re.compile(r"\W*(?:but|however|yet|except|although|though)\b")

def _clause_with_verb(claim: Claim) -> str:
    """The clause that says what the question ends on ("... considered but not given")."""
    asked = [w for w in words(claim.question.text.lower()) if w not in STOP_WORDS]
    for clause in claim.answer.clauses:
        if asked and stem(asked[-1]) in stems(clause.text):
            return clause.text
    return claim.answer.clauses[0].text if claim.answer.clauses else claim.answer.text
