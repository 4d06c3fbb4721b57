"""Does an answer state the expected value, and nothing that contradicts it?

Where a text can be read either way it is not called correct.
"""

import itertools
import re

from dipg.quantities import Quantity, close, frequencies
from dipg.rubric.claims import Answer
from dipg.rubric.lexicon import CLASHES, CLASSES, DIRECTIONS, DRUG, STOP_WORDS
from dipg.rubric.reading import Reading
from dipg.rubric.stance import Clause
from dipg.rubric.targets import (
    Target,
    actions_of,
    bind,
    is_negated,
    labels_of,
    shape,
    stem,
)
from dipg.text import words

_DENIED = re.compile(
    r"(?:\b(?:not|n't|never|no|without|neither|nor|rather than|instead of|except|excluding|unlike|"
    r"incorrect|false|wrong|denies|denied|ruled out|cannot be|against|avoid|avoiding|than|"
    r"compared (?:to|"
    r"with)|versus|vs\.?|from)\b)(?: \S+){0,4}? ?[\"'(]*$"
)
_REFUTED = re.compile(
    r"^\W*(?:\S+ ){0,3}?(?:is|was|would be|are|were) (?:not|incorrect|wrong|false|n't|inaccurate|"
    r"never|"
    r"contraindicated|inappropriate|unsafe|for (?:another|a different))\b|^ (?:was|is)n't"
)
_TAKEN_BACK = re.compile(r"[^.\n]{0,20}\?\W*(?:no|not|wrong|false|never|actually)\b")
_FALSE_THAT = re.compile(
    r"\b(?:false|untrue|incorrect|wrong|not true|not correct|not the case|denies|doubt|"
    r"hypothetical|if) "
    r"(?:that|to say|the|it)\b"
)
_COMPARED = re.compile(
    r"\b(?:than|versus|vs|compared (?:to|with)|over|from|against|relative to|rather than|"
    r"instead of|not|"
    r"unlike|exceeds?|exceeding|above|below|beyond|down from|up from|historical|baseline|nor|n't|"
    r"never|no)\b"
    r"\.?(?: \S+){0,5}? ?[\"'(~]*$"
)
_OR = re.compile(r"^(?: ?[a-z%/0-9]+)?,? ?(?:or|and/or)\b|^ ?/ ?\d")
_OR_BEFORE = re.compile(r"(?:\bor|\band/or|\beither) (?:\S+ )?$")
_PAST = re.compile(
    r"\b(?:initial|initially|initiated|original|originally|previous|previously|prior|earlier|"
    r"before|"
    r"formerly|history|was|were|had|received|baseline|standard|full|first)\b"
)
_CONNECTOR = re.compile(
    r"^ ?(?:,|/|\+|&|,? ?(?:and|or|plus|and/or|as well as|with|alongside)) ?(?:\w+ ){0,2}?$"
)


def states_expected(
    answer: Answer, options: tuple[Target, ...], context: Reading, question: Reading
) -> bool:
    """Whether an answer says what one of the wordings says and contradicts none of them."""
    if answer.too_long:
        return False
    return any(_states(answer, target, options, context, question) for target in options)


def _states(
    answer: Answer,
    target: Target,
    options: tuple[Target, ...],
    context: Reading,
    question: Reading,
) -> bool:
    if answer.text.strip(" .\n") == target.whole.strip(" .\n"):
        return True
    checks = (
        _opens_alike,
        _says_numbers,
        _says_names,
        _says_labels,
        _says_phrase,
        _keeps_polarity,
        _keeps_direction,
        _keeps_actions,
    )
    return all(check(answer, target, options, context, question) for check in checks)


_Options = tuple[Target, ...]


def _opens_alike(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """ "Yes" and "no" agree; an answer without either must repeat the question, denied or not."""
    if not target.opening:
        return True
    said = set(re.findall(r"\b(?:yes|no)\b(?=\W|$)", answer.text[:60]))
    head = re.match(r"\W*(yes|no)\b", answer.text)
    if head:
        other = {"yes": "no", "no": "yes"}[target.opening]
        named = {name for name, _ in answer.names}
        if re.match(r"\W*no \w", answer.text) and named and not named & question.names:
            return False
        return head[1] == target.opening and not re.search(
            rf"\b(?:or|and|but) {other}\b", answer.text
        )
    if said - {target.opening} == {"yes"}:
        return False
    first = answer.clauses[0].text if answer.clauses else answer.text
    asked = {stem(w) for w in question.terms if w not in STOP_WORDS and w.isalpha()}
    spoken = {stem(w) for w in words(answer.text)}
    if len(asked & spoken) < 0.5 * max(len(asked), 1) and not target.numbers and not target.names:
        return False
    return is_negated(_up_to_reason(first)) == (target.opening == "no")


def _up_to_reason(text: str) -> str:
    return re.split(r",? (?:because|since|as long as|provided|and no|given|with no|as)\b", text)[0]


def _says_numbers(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """Every expected number is stated, and no other takes its place."""
    if not target.numbers:
        return True
    rates = {round(r, 6) for r, _, _ in frequencies(answer.text)}
    for number, owner in zip(target.numbers, target.bound):
        hits = [
            n for n in answer.numbers if _is_stated(n, number, answer, rates, context, question)
        ]
        hits = [n for n in hits if _belongs(n, owner, answer, target, context, question)]
        if not hits:
            return False
    allowed = [n for option in options for n in option.allowed]
    dimensions = {n.dimension for n in target.numbers}
    for n in answer.numbers:
        alike = n.dimension in dimensions or (n.dimension == "" and n.compare == "-")
        if alike and _rivals(n, answer, target, allowed, context, question):
            return False
    return True


def _is_stated(
    said: Quantity,
    wanted: Quantity,
    answer: Answer,
    rates: set[float],
    context: Reading,
    question: Reading,
) -> bool:
    """Same value, direction and frequency; not denied, not one of several on offer."""
    if not said.same(wanted):
        bare = said.dimension == "" and close(said.raw, wanted.raw)
        unit_is_asked = wanted.dimension == "" or _asks_for_unit(wanted, question)
        named = wanted.dimension == "" and close(said.raw, wanted.raw)
        if not ((bare and unit_is_asked) or named):
            return False
    if said.compare != wanted.compare:
        return False
    if not _same_rate(said, wanted, rates, context):
        return False
    return not _is_denied(answer.text, said.start, said.end) and not _is_option(answer, said)


def _asks_for_unit(wanted: Quantity, question: Reading) -> bool:
    from dipg.units import ATOMS

    return any(
        unit.dimension == wanted.dimension and close(wanted.raw * unit.factor, wanted.value)
        for word in question.terms
        if (unit := ATOMS.get(word)) is not None
    )


def _same_rate(said: Quantity, wanted: Quantity, rates: set[float], context: Reading) -> bool:
    if wanted.per_day:
        if said.per_day:
            return close(said.per_day, wanted.per_day)
        return rates == {round(wanted.per_day, 6)}
    if not said.per_day:
        return True
    known = [n.per_day for n in context.numbers if n.same(said) and n.per_day]
    return not known or any(close(said.per_day, k) for k in known)


def _is_denied(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 60) : start]
    cut = max((before.rfind(c) for c in (". ", "; ", ", ", "\n", ": ", " but ")), default=-1)
    scope = before[cut + 1 :]
    if re.search(
        r"\bnot only\b|\bno doubt\b|\bno more\b|\bwithout (?:any )?(?:change|dose|adjust|further)",
        scope,
    ):
        scope = re.sub(r"\b(?:not only|no doubt)\b", "", scope)
    if _DENIED.search(scope) or _FALSE_THAT.search(
        text[max(0, start - 90) : start].rsplit(". ", 1)[-1]
    ):
        return True
    return bool(_REFUTED.search(text[end : end + 60]) or _TAKEN_BACK.match(text, end))


def _is_option(answer: Answer, said: Quantity) -> bool:
    """Whether a number stands in "54 or 59": a list of alternatives is no answer."""
    others = [n for n in answer.numbers if n.start != said.start]
    after = answer.text[said.end : said.end + 24]
    before = answer.text[max(0, said.start - 24) : said.start]
    if (_OR.search(after) and any(0 < n.start - said.end < 24 for n in others)) or (
        _OR_BEFORE.search(before) and any(0 < said.start - n.end < 24 for n in others)
    ):
        return True
    return bool(
        re.search(r"\bor (?:not|more|less|higher|lower|another|something|maybe|perhaps)\b", after)
    )


def _belongs(
    said: Quantity,
    owner: str,
    answer: Answer,
    target: Target,
    context: Reading,
    question: Reading,
) -> bool:
    """Whether a number is said of the right drug, patient and arm."""
    mine = bind(answer.text, said, answer.names)
    clause = _clause_of(answer, said.start)
    if clause is not None and _is_of_another(clause, target, context, question):
        return False
    if not owner or not mine or mine == owner:
        return True
    wanted_names = {b for b in target.bound if b}
    return mine not in wanted_names and not _is_rival_name(mine, owner, context)


def _is_rival_name(mine: str, owner: str, context: Reading) -> bool:
    """Two drugs, or two codes of one shape, are rivals; a drug and a gene are not."""
    if DRUG.fullmatch(mine) and DRUG.fullmatch(owner):
        return True
    return mine in context.names and owner in context.names and shape(mine) == shape(owner)


def _is_of_another(clause: Clause, target: Target, context: Reading, question: Reading) -> bool:
    """Whether a clause speaks of another patient or arm than the one asked for."""
    asked_codes = {n for n in question.names if any(c.isdigit() for c in n)}
    mentioned = {n for n in clause.names if any(c.isdigit() for c in n)}
    shapes = {shape(n) for n in asked_codes}
    others = {
        n
        for n in mentioned - asked_codes
        if shape(n) in shapes and n not in target.names and n not in target.text
    }
    if others and not mentioned & asked_codes:
        return True
    wanted = dict(target.labels) | dict(labels_of(" ".join(_joined(question))))
    said = labels_of(clause.text)
    for kind, label in said:
        if kind in wanted and all(v != wanted[kind] for k, v in said if k == kind):
            return label != wanted[kind]
    return False


def _joined(question: Reading) -> list[str]:
    return question.key.split()


def _clause_of(answer: Answer, at: int) -> Clause | None:
    return next((c for c in answer.clauses if c.start <= at < c.end), None)


def _rivals(
    said: Quantity,
    answer: Answer,
    target: Target,
    allowed: list[Quantity],
    context: Reading,
    question: Reading,
) -> bool:
    """Whether a further number contradicts: same kind, same owner, not denied, not for
    comparison."""
    if any(said.same(a) and said.compare in (a.compare, "") for a in allowed):
        same = [a for a in allowed if said.same(a) and a.per_day]
        if said.per_day and same and not any(close(said.per_day, a.per_day) for a in same):
            return not _is_aside(answer, said)
        return False
    if question.has_number(said) and said.dimension != "":
        return False
    if _is_aside(answer, said):
        return False
    clause = _clause_of(answer, said.start)
    if clause is not None and _is_of_another(clause, target, context, question):
        return False
    mine = bind(answer.text, said, answer.names)
    owners = {b for b in target.bound if b} or {n for n in target.names}
    if mine and mine not in owners and mine not in question.terms:
        if owners and any(_is_rival_name(mine, o, context) for o in owners):
            return False
        if _co_stated(mine, said, context):
            return False
    if said.dimension == "" and target.numbers[0].dimension != "":
        return said.compare == "-"
    return True


def _co_stated(name: str, number: Quantity, context: Reading) -> bool:
    """Whether the context gives this number in a sentence on this name, apart from the expected
    one."""
    return any(
        name in s.names and any(number.same(n) for n in s.numbers) for s in context.sentences
    )


def _is_aside(answer: Answer, said: Quantity) -> bool:
    before = answer.text[max(0, said.start - 60) : said.start]
    cut = max((before.rfind(c) for c in (". ", "; ", "\n")), default=-1)
    if _COMPARED.search(before[cut + 1 :]):
        return True
    after = answer.text[said.end : said.end + 40]
    if re.match(
        r"^ ?(?:in|for|with|per|of) (?:the )?(?:historical|control|placebo|comparator|other|"
        r"baseline)",
        after,
    ):
        return True
    clause = _clause_of(answer, said.start)
    return clause is not None and bool(
        _PAST.search(clause.text[: max(0, said.start - clause.start)])
    )


def _says_names(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """Every expected name is mentioned, not denied, not one of a list, in the right order."""
    if not target.names:
        return True
    if target.chooses:
        return _chooses(answer, target, question)
    positions = []
    for name in target.names:
        hits = [at for n, at in answer.names if n == name] or _find_word(answer.text, name)
        hits = [at for at in hits if not _is_denied(answer.text, at, at + len(name))]
        hits = [at for at in hits if not _at_another(answer, at, target, context, question)]
        if not hits and target.compares:
            hits = [at for n, at in answer.names if n == name]
        if not hits:
            return False
        positions.append(min(hits))
    if target.compares and not _same_order(answer, target, positions):
        return False
    allowed = {n for option in options for n in option.names} | question.terms
    allowed |= {n for option in options for n in words(option.whole)}
    return not _lists_others(answer, target, allowed)


def _chooses(answer: Answer, target: Target, question: Reading) -> bool:
    """Whether an answer chooses the expected one of several that the question offers."""
    spots = [(n, at) for n, at in answer.names if n in target.names or n in target.chooses]
    mine = [at for n, at in spots if n in target.names]
    others = [at for n, at in spots if n in target.chooses]
    if not mine:
        return False
    asked = {
        axis: side for w in question.terms if w in DIRECTIONS for axis, side in [DIRECTIONS[w]]
    }
    said = {
        axis: side for w in words(answer.text) if w in DIRECTIONS for axis, side in [DIRECTIONS[w]]
    }
    turned = any(axis in said and said[axis] != side for axis, side in asked.items())
    if turned:
        return (
            bool(others)
            and others[0] < mine[0]
            and _COMPARED.search(answer.text[: mine[0]]) is not None
        )
    size = len(target.names[0])
    if not any(not _is_denied(answer.text, at, at + size) for at in mine):
        return False
    for at in others:
        cut = max(answer.text.rfind(". ", 0, at), answer.text.rfind("; ", 0, at), 0)
        if not _COMPARED.search(answer.text[max(cut, at - 60) : at]):
            return False
    return True


def _at_another(
    answer: Answer, at: int, target: Target, context: Reading, question: Reading
) -> bool:
    clause = _clause_of(answer, at)
    return clause is not None and _is_of_another(clause, target, context, question)


def _find_word(text: str, name: str) -> list[int]:
    return [m.start() for m in re.finditer(rf"\b{re.escape(name)}\b", text.replace("-", ""))][:4]


def _same_order(answer: Answer, target: Target, positions: list[int]) -> bool:
    """Whether a comparison keeps its sides, or turns both sides and direction around."""
    in_order = positions == sorted(positions)
    wanted = dict(target.directions)
    said = {
        axis: side for w in words(answer.text) if w in DIRECTIONS for axis, side in [DIRECTIONS[w]]
    }
    turned = any(axis in said and said[axis] != side for axis, side in wanted.items())
    return in_order != turned


def _lists_others(answer: Answer, target: Target, allowed: frozenset[str] | set[str]) -> bool:
    """Whether an expected name stands in a list with another ("vincristine and cisplatin")."""
    spots = sorted((at, n) for n, at in answer.names)
    mine = set(target.names)
    for (at, name), (next_at, other) in itertools.pairwise(spots):
        pair = {name, other}
        if len(pair & mine) != 1 or next((iter(pair - mine)), "") in allowed:
            continue
        gap = answer.text[at + len(name) : next_at]
        if (
            len(gap) < 24
            and _CONNECTOR.match(gap)
            and not _is_denied(answer.text, next_at, next_at)
        ):
            return True
    return _same_predicate(answer, target, allowed)


def _same_predicate(answer: Answer, target: Target, allowed: frozenset[str] | set[str]) -> bool:
    """Whether a second clause says the same of another name ("received X. ... received Y.")."""
    mine = set(target.names)
    said = {w for n, at in answer.names if n in mine for w in [_word_before(answer.text, at)]}
    said -= STOP_WORDS | {""}
    for name, at in answer.names:
        if name in mine or name in allowed or _is_denied(answer.text, at, at + len(name)):
            continue
        if _word_before(answer.text, at) in said and any(
            bool(DRUG.fullmatch(name)) == bool(DRUG.fullmatch(m)) for m in mine
        ):
            clause = _clause_of(answer, at)
            if clause is None or not _PAST.search(clause.text[: max(0, at - clause.start)]):
                return True
            if _word_before(answer.text, at) in ("is", "received", "was"):
                return True
    return False


def _word_before(text: str, at: int) -> str:
    found = words(text[max(0, at - 24) : at])
    return found[-1] if found else ""


def _says_labels(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """ "Arm B" where arm B is expected, and not arm A as well."""
    if not target.labels:
        return True
    found = [(m, k) for m, k in _label_spots(answer.text)]
    for kind, label in target.labels:
        same = [(at, v) for at, (k, v) in found if k == kind]
        good = [at for at, v in same if v == label and not _is_denied(answer.text, at, at + 8)]
        if not good and re.fullmatch(rf"\W*{re.escape(label)}\W*", answer.text):
            continue
        if not good:
            return False
        others = [
            (at, v)
            for at, v in same
            if v != label and (kind, v) not in {x for o in options for x in o.labels}
        ]
        for at, _ in others:
            if not _COMPARED.search(answer.text[max(0, at - 40) : at]):
                return False
    return True


def _label_spots(text: str) -> list[tuple[int, tuple[str, str]]]:
    return [(text.find(f"{k} {v}"), (k, v)) for k, v in labels_of(text)]


def _says_phrase(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """The content words of an expected phrase, together in one clause, with no rival of their
    class."""
    if not target.phrase:
        return bool(
            target.numbers
            or target.names
            or target.labels
            or target.opening
            or target.actions
            or _offers_direction(target, question)
        )
    wanted = [stem(w) for w in target.phrase]
    short = len(wanted) <= 4
    for clause in answer.clauses or []:
        spoken = {stem(w) for w in words(clause.text)}
        if all(w in spoken for w in wanted) and not _phrase_denied(clause.text, target):
            if _is_of_another(clause, target, context, question):
                continue
            return not _class_rival(answer, options, question) and not _word_options(
                answer, target, options, question
            )
    if short:
        return False
    spoken = {stem(w) for w in words(answer.text)}
    share = sum(w in spoken for w in wanted) / len(wanted)
    return share >= 0.75 and not _class_rival(answer, options, question)


def _offers_direction(target: Target, question: Reading) -> bool:
    """Whether the direction alone answers: the question offers it and its opposite."""
    axes = [DIRECTIONS[w][0] for w in question.terms & DIRECTIONS.keys()]
    return any(axes.count(axis) > 1 for axis, _ in target.directions)


def _phrase_denied(text: str, target: Target) -> bool:
    at = text.find(target.phrase[0][:5])
    return at >= 0 and not target.negated and _is_denied(text, at, at + len(target.phrase[0]))


def _class_rival(answer: Answer, options: _Options, question: Reading) -> bool:
    """Whether another word of the class of an expected word is asserted ("left" and "right")."""
    said = words(answer.text)
    allowed = {w for o in options for w in words(o.whole)} | question.terms
    classes = {CLASSES[w] for o in options for w in o.phrase if w in CLASSES}
    if not classes:
        return False
    for w in said:
        if w in CLASSES and CLASSES[w] in classes and w not in allowed:
            at = answer.text.find(w)
            if not _is_denied(answer.text, at, at + len(w)):
                return True
    return False


def _word_options(answer: Answer, target: Target, options: _Options, question: Reading) -> bool:
    """Whether an expected word stands in "X or Y", or a short answer names another thing as
    well."""
    known = {stem(w) for o in options for w in words(o.whole)}
    known |= {stem(w) for w in question.terms} | STOP_WORDS
    for m in re.finditer(
        r"(\w+),? (?:or|and/or|versus|vs\.?) (?:the |a |an |dr\.? )?(\w+)", answer.text
    ):
        pair = {stem(m[1]), stem(m[2])}
        mine = {stem(w) for w in target.phrase}
        if pair & mine and pair - known:
            return True
    spoken = words(answer.text)
    if len(spoken) <= 6 and re.search(r",|\band\b|/|\+", answer.text):
        return any(stem(w) not in known and not w[0].isdigit() for w in spoken)
    return False


def _keeps_polarity(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """A denial stays a denial and a statement a statement, in the clause that answers."""
    if target.opening or (target.numbers and not target.negated):
        return True
    clause = _best_clause(answer, target)
    if clause is None:
        return True
    said = is_negated(_CONTRAST.split(_up_to_reason(clause.text))[0])
    if target.actions:
        return True
    if said == target.negated:
        return True
    return bool(target.names) and not target.negated and not said


_CONTRAST = re.compile(
    r"(?<=\w),? (?:and |but )?(?:not|rather than|instead of|never)\b(?= \w+\W*$)"
)


def _best_clause(answer: Answer, target: Target) -> Clause | None:
    wanted = {stem(w) for w in words(target.text) if w not in STOP_WORDS}
    best, most = None, 0
    for clause in answer.clauses:
        overlap = len(wanted & {stem(w) for w in words(clause.text)})
        if overlap > most:
            best, most = clause, overlap
    return best


def _keeps_direction(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """ "Increased" is not "decreased", "before" not "after", where the expected wording takes a
    side."""
    if not target.directions or target.compares:
        return True
    if not _chooses_direction(answer, target, question):
        return False
    clause = _best_clause(answer, target)
    spoken = words(clause.text if clause is not None else answer.text)
    said: dict[int, set[int]] = {}
    for w in spoken:
        if w in DIRECTIONS and w not in question.terms:
            axis, side = DIRECTIONS[w]
            said.setdefault(axis, set()).add(side)
    return all(axis not in said or side in said[axis] for axis, side in target.directions)


def _chooses_direction(answer: Answer, target: Target, question: Reading) -> bool:
    """Where the question offers both sides ("before or after?"), the answer takes the right one."""
    offered: dict[int, set[int]] = {}
    for w in question.terms & DIRECTIONS.keys():
        offered.setdefault(DIRECTIONS[w][0], set()).add(DIRECTIONS[w][1])
    for axis, side in target.directions:
        if len(offered.get(axis, ())) < 2:
            continue
        said = [
            (DIRECTIONS[m[0]][1], m.end())
            for m in re.finditer(r"[a-z]+", answer.text)
            if DIRECTIONS.get(m[0], (-1, 0))[0] == axis
            and not _is_denied(answer.text, m.start(), m.end())
        ]
        if {s for s, _ in said} != {side}:
            return False
        wanted = _next_word(target.text, target, axis)
        meant = words(answer.text[said[0][1] :])
        meant = [w for w in meant if w not in STOP_WORDS]
        if wanted and meant and meant[0] != wanted and wanted not in meant[:2]:
            return False
    return True


def _next_word(text: str, target: Target, axis: int) -> str:
    spoken = words(text)
    for i, w in enumerate(spoken):
        if DIRECTIONS.get(w, (-1, 0))[0] == axis:
            return next((x for x in spoken[i + 1 :] if x not in STOP_WORDS), "")
    return ""


def _keeps_actions(
    answer: Answer, target: Target, options: _Options, context: Reading, question: Reading
) -> bool:
    """What is to be done to a treatment is what the answer does to it."""
    if not target.actions:
        return True
    wanted: dict[str, set[str]] = {}
    for name, action in target.actions:
        wanted.setdefault(name, set()).add(action)
    said = actions_of(answer.text, answer.names)
    whole = {a for o in options for _, a in o.actions}
    for name, action in said:
        mine = wanted.get(name)
        if (
            mine
            and action not in mine
            and any(action in CLASHES[w] for w in mine)
            and action not in whole
        ):
            return False
    for name, actions in wanted.items():
        if name and name not in question.terms and actions <= {"start"}:
            continue  # "which drug?" may be answered by its name alone
        meant = {"", name} if name else {"", *question.terms}
        if not any(a in actions and n in meant for n, a in said):
            return False
    return True
