"""Does an answer say yes where yes is expected, and no where no is?"""

import re

from dipg.rubric.lexicon import STOP_WORDS
from dipg.rubric.mentions import Claim, is_of_another
from dipg.rubric.targets import is_negated, stem, stems
from dipg.rubric.wording import up_to_reason
from dipg.text import words

_OTHER = {"yes": "no", "no": "yes"}

_SAYS_YES = re.compile(
    r"\W*(?:positive|present|correct|affirmative|"
    r"(?:it|he|she|they|this|that) (?:did|does|do|was|were|has|have|had|is|are))\W*$"
)

_SAYS_NO = re.compile(
    r"\W*(?:negative|absent|none|wild[- ]type|(?:it|he|she|they|this|that) (?:did|does|do|was|"
    r"were|has|"
    r"have|had|is|are|could) not|(?:none|not) (?:was |were |is |are |been )?(?:seen|found|observed|"
    r"detected|present|noted))\W*$"
)

_HEAD = re.compile(r"\W*(yes|no)\b(?! (?:doubt|question|wonder|less|more|sooner)\b)")


def opens_alike(claim: Claim) -> bool:
    """ "Yes" and "no" agree; an answer without either must repeat the question, denied or not."""
    answer, target = claim.answer, claim.target
    if not target.opening:
        return True
    head = _HEAD.match(answer.text)
    if head:
        named = {name for name, _ in answer.names}
        if re.match(r"\W*no \w", answer.text) and named and not named & claim.question.names:
            return False
        if _takes_back(claim, head[1]) or (head[1] == "no" and _asserts_asked(claim)):
            return False
        turned = re.search(
            rf"(?:\b(?:or|and|but|wait|actually|rather|correction)\b[^.]{{0,12}}|[.;:] ?)"
            rf"\b{_OTHER[head[1]]}\b(?! \w)",
            answer.text[head.end() :],
        )
        return head[1] == target.opening and turned is None
    if _repeats_reason(claim):
        return True
    if _SAYS_YES.match(answer.text) or _says_no(claim):
        return _says_no(claim) == (target.opening == "no")
    if re.search(rf"\b{_OTHER[target.opening]}\b", answer.text[:60]) and target.opening == "no":
        return False
    first = answer.clauses[0] if answer.clauses else None
    if first is not None and is_of_another(first, claim):
        return False
    asked = {stem(w) for w in claim.question.terms if w not in STOP_WORDS and w.isalpha()}
    spoken = stems(answer.text)
    content = spoken - {stem(w) for w in STOP_WORDS}
    if target.opening == "yes" and content and content <= asked and not is_negated(answer.text):
        return True
    said = up_to_reason(_clause_with_verb(claim))
    told = stems(said) - {stem(w) for w in STOP_WORDS}
    if told and len(told & asked) >= 0.5 * len(told):
        return is_negated(said) == (target.opening == "no")
    if len(asked & spoken) < 0.5 * max(len(asked), 1) and not target.numbers and not target.names:
        return False
    return is_negated(said) == (target.opening == "no")


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

_LIMITED = re.compile(r"\b(?:only|unless|if|when|for|until|because|since|as|after|before)\b")


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
