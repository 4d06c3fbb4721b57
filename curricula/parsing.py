"""Reads conditions: a tokenizer and a recursive-descent parser. Never imports JAX, never evals.

either     = both ("or" both)*                    also | and ||
both       = negation ("and" negation)*           also & and &&
negation   = "not" negation | atom                also ~ and !
atom       = "(" either ")" | "sustained(" either "," WHOLE ")"
           | "drop(" METRIC ["," NUMBER] ")" | reading OP NUMBER
reading    = METRIC | ("lcb" | "ucb" | "point") "(" reading ")" | "rate(reward" OP NUMBER ")"
OP         = ">" | ">=" | "<" | "<="              NUMBER may end in %
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from curricula.conditions import (
    And,
    Condition,
    ConditionError,
    Drop,
    Kind,
    Not,
    Or,
    Reading,
    RewardEvent,
    Sustained,
    rate,
)

__all__ = ["ALIASES", "METRICS", "parse"]

METRICS = (
    "mean",
    "safe",
    "correct",
    "hallucination",
    "answer",
    "refusal",
    "consistency",
    "format",
    "abstention",
    "competence",
)
ALIASES = {
    "reward": "mean",
    "mean_reward": "mean",
    "yardstick": "mean",
    "yardstick/mean": "mean",
    "safety": "safe",
    "hallucinations": "hallucination",
    "hallucinating": "hallucination",
    "answering": "answer",
    "answered": "answer",
    "refusals": "refusal",
    "consistent": "consistency",
    "well_formed": "format",
    "accuracy": "correct",
    "abstention_on_answerable": "abstention",
    "abstaining": "abstention",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:\s*%)?)"
    r"|(?P<word>[A-Za-z_][\w/]*)|(?P<op>>=|<=|>|<)|(?P<join>&&?|\|\|?|~|!)|(?P<mark>[(),]))"
)
_WORDS = {"and": "and", "&": "and", "&&": "and", "or": "or", "|": "or", "||": "or"}
_WORDS |= {"not": "not", "~": "not", "!": "not"}
MAX_LENGTH = 4_000  # characters; errors quote what was typed
MOST_NESTED = 50  # parentheses and "not"s within each other
_FUNCTIONS = ("lcb", "ucb", "point", "rate", "drop", "sustained")


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            raise ConditionError(f"unexpected {text[place]!r}", text, place)
        kind = str(match.lastgroup)
        word = match[kind]
        start = match.start(kind)
        if kind == "join" or word.lower() in _WORDS:
            kind, word = "join", _WORDS[word.lower()]
        tokens.append(_Token(kind, word, start))
        at = match.end()
    return [*tokens, _Token("end", "", len(text.rstrip()))]


class _Parser:
    def __init__(self, text: str, metrics: tuple[str, ...]) -> None:
        self.text, self.metrics = text, metrics
        self.tokens, self.at, self.depth = _tokens(text), 0, 0

    @property
    def now(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, message: str, token: _Token | None = None) -> NoReturn:
        raise ConditionError(message, self.text, (token or self.now).start)

    def take(self, kind: str, text: str | None = None) -> _Token | None:
        token = self.now
        if token.kind != kind or (text is not None and token.text.lower() != text):
            return None
        self.at += 1
        return token

    def need(self, kind: str, text: str | None, what: str) -> _Token:
        token = self.take(kind, text)
        if token is None:
            found = repr(self.now.text) if self.now.text else "the end"
            self.fail(f"expected {what}, found {found}")
        return token

    def whole(self) -> Condition:
        result = self.either()
        if self.now.kind != "end":
            self.fail(f"expected 'and', 'or' or the end, found {self.now.text!r}")
        return result

    def either(self) -> Condition:
        items = [self.both()]
        while self.take("join", "or"):
            items.append(self.both())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def both(self) -> Condition:
        items = [self.negation()]
        while self.take("join", "and"):
            items.append(self.negation())
        return items[0] if len(items) == 1 else And(tuple(items))

    def negation(self) -> Condition:
        self.depth += 1
        if self.depth > MOST_NESTED:
            self.fail(f"nested more than {MOST_NESTED} deep")
        found = Not(self.negation()) if self.take("join", "not") else self.atom()
        self.depth -= 1
        return found

    def atom(self) -> Condition:
        if self.take("mark", "("):
            inner = self.either()
            self.need("mark", ")", "')'")
            return inner
        if self.function("sustained"):
            inner = self.either()
            self.need("mark", ",", "',' and a number of steps")
            token = self.need("number", None, "a number of steps")
            if not token.text.isdigit() or int(token.text) < 1:
                self.fail("sustained needs a whole number of steps >= 1", token)
            self.need("mark", ")", "')'")
            return Sustained(inner, int(token.text))
        if self.function("drop"):
            return self.drop()
        return self.comparison()

    def function(self, name: str) -> bool:
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if self.now.kind == "word" and self.now.text.lower() == name and following.text == "(":
            self.at += 2
            return True
        return False

    def drop(self) -> Condition:
        name, _ = self.metric()
        level = token = None
        if self.take("mark", ","):
            token = self.need("number", None, "a level")
            level = self.number(name, token)
        self.need("mark", ")", "')'")
        return self.build(lambda: Drop(name, level), token)

    def comparison(self) -> Condition:
        reading, start = self.reading()
        op = self.need("op", None, f"one of > >= < <= after {self.text[start : self.end()]!r}")
        token = self.need("number", None, f"a number after {op.text!r}")
        level = self.number(reading.metric, token)
        make = {">": reading.__gt__, ">=": reading.__ge__, "<": reading.__lt__}
        return self.build(lambda: make.get(op.text, reading.__le__)(level), token)

    def end(self) -> int:
        last = self.tokens[self.at - 1]
        return last.start + len(last.text)

    def build(self, make: Callable[[], Condition], token: _Token | None) -> Condition:
        try:
            return make()
        except ConditionError as error:
            self.fail(str(error), token or self.now)

    def reading(self) -> tuple[Reading, int]:
        start = self.now.start
        kinds: tuple[Kind, ...] = ("lcb", "ucb", "point")
        for kind in kinds:
            if self.function(kind):
                first = self.now
                inner, _ = self.reading()
                if inner.kind != "proof":
                    self.fail(f"{kind}({inner.kind}(...)) reads two figures at once", first)
                self.need("mark", ")", "')'")
                return Reading(inner.metric, kind), start
        if self.function("rate"):
            self.need("word", "reward", "'reward'")
            op = self.need("op", None, "one of > >= < <=")
            level = self.number("mean", self.need("number", None, "a reward"))
            self.need("mark", ")", "')'")
            return rate(RewardEvent(op.text, level)), start  # type: ignore[arg-type]
        name, _ = self.metric()
        return Reading(name), start

    def metric(self) -> tuple[str, _Token]:
        token = self.need("word", None, "a metric")
        name = token.text.lower()
        if name not in self.metrics:
            name = ALIASES.get(name, name.removesuffix("_rate"))
        if name not in self.metrics:
            close = difflib.get_close_matches(name, (*self.metrics, *_FUNCTIONS), 1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            known = ", ".join(self.metrics)
            self.fail(f"unknown metric {token.text!r}{hint}; metrics: {known};", token)
        return name, token

    def number(self, metric: str, token: _Token) -> float:
        if not token.text.endswith("%"):
            return float(token.text)
        if metric == "mean":
            self.fail("a reward is not a percentage", token)
        return float(token.text[:-1]) / 100


def parse(text: str, metrics: tuple[str, ...] | None = None) -> Condition:
    """See :func:`curricula.conditions.parse`."""
    if not text.strip():
        raise ConditionError("the condition is empty; try 'mean > 5 and safe > 90%'")
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition of {len(text)} characters: {MAX_LENGTH} are the most")
    return _Parser(text, METRICS if metrics is None else tuple(metrics)).whole()
