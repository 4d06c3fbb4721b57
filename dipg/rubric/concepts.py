"""What a word means, as far as an answer may say it in another: families of words and synonyms.

"Went up", "rose" and "an increase" are one concept, and so are "ruled out" and "excluded". A
concept is written with a "~"; a word of no family stands for itself by its root ("drainage" and
"drained" are "drain").
"""

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dipg.rubric.lexicon import VAGUE_WORDS, word_set
from dipg.rubric.stems import root
from dipg.text import words

_FAMILIES = """
~increase: increase rise rose risen grow grew grown growth enlarge expand larger bigger greater
 higher raise escalate elevate gain climb upregulate double go_up goes_up went_up gone_up going_up
 up
~decrease: decrease fall fell fallen shrink shrank shrunk shrinkage reduce reduction lower smaller
 less lessen diminish decline drop halve downregulate go_down goes_down went_down gone_down
 come_down came_down bring_down brings_down brought_down down
~improve: improve better ease ameliorate alleviate lessen get_better
~worsen: worsen worse worsening deteriorate decline aggravate downhill
~safe: safe harmless
~risky: risky unsafe dangerous hazardous
~hard: hard difficult difficulty
~easy: easy simple
~recover: recover recovery recuperate
~resolve: resolve resolution disappear vanish heal gone subside settle abate clear_up cleared_up
~persist: persist persistence persistent still_there
~stable: stable unchanged constant stationary same unaltered
~hold: hold held withhold withheld pause interrupt suspend halt on_hold
~stop: stop discontinue cease end terminate withdraw withdrew withdrawn abandon quit
~continue: continue continuation maintain keep kept carry_on carries_on carried_on go_on goes_on
 went_on going_on
~start: start begin began begun initiate commence introduce introduction
~resume: resume resumption restart reintroduce reinitiate rechallenge start_again started_again
~block: block inhibit antagonise antagonist suppress blockade
~activate: activate agonist stimulate switch_on switches_on switched_on turn_on turns_on turned_on
~exclude: exclude exclusion rule_out ruled_out rules_out ruling_out
~replace: replace substitute take_over took_over taken_over takes_over took_the_place
 take_the_place takes_the_place taken_the_place instead stead in_place
~cross: cross penetrate traverse pass pass_through get_through gets_through got_through get_across
 gets_across bring_across across
~oral: oral mouth po
~intravenous: intravenous iv vein
~subcutaneous: subcutaneous sc under_the_skin
~choose: choose chose chosen select pick opt favour prefer preferred preference
~judge: judge consider deem regard think thought assess believe
~place: place insert insertion implant put position
~remove: remove removal take_out took_out taken_out
~resect: resect excise excision remove removal
~give: give gave given administer administration receive receipt got get take took taken have had
~do: perform do did done undertake undertaken conduct carry_out carried_out
 take_place took_place taken_place
~die: die died death dead fatal pass_away passed_away decease
~survive: survive survival alive live lived
~include: include inclusion part_of component contain comprise
~repeat: repeat repetition another again recur recurrent second
~relapse: relapse recur
~change: change alter alteration
~partial: partial incomplete
~show: show shown reveal demonstrate disclose find found detect see seen observe identify present
 presence
~prolong: prolong lengthen extend extension longer long
~shorten: shorten shorter short
~common: common commonest frequent often
~permanent: permanent for_good
~brief: transient temporary brief passed_off
~drug: drug medication medicine agent
~patient: patient child children kid boy girl
~male: boy man male
~female: girl woman female
~tumour: tumour mass lesion neoplasm
~csf: csf cerebrospinal_fluid
~mri: mri magnetic_resonance_imaging
~scan: scan imaging mri ct
~barrier: barrier bbb
~surgery: surgery surgical operate operation surgeon
~radiotherapy: radiotherapy radiation irradiation irradiate rt
~fever: fever febrile pyrexia
~seizure: seizure convulsion epilepsy epileptic
~bleed: bleed bled haemorrhage
~oedema: oedema swelling swollen swell
~sepsis: sepsis septic
~clot: clot thrombosis thrombus thrombotic
~resist: resist resistance resistant no_longer_responded no_longer_respond
~sensitive: sensitive susceptible sensitise
~retain: retain preserve intact
~lose: lose lost loss
~recommend: recommend advise advice suggest propose
~refuse: refuse refusal reject decline turned_down opted_against decided_against
~agree: agree consent accept
~before: before prior earlier previous preceding ahead precede
~after: after later following subsequent thereafter afterwards once follow since
~without: without free lacking
~progress: progress progression
~father: father dad
~mother: mother mum mom
~pons: pons pontine
~cerebellum: cerebellum cerebellar
~thrice: thrice three_times
~once: once one_time
~need: need require necessary requirement
~allow: allow permit admit eligible let qualify may can
 cannot could should must
~forbid: forbid forbidden forbade prohibit prohibition disallow ban banned contraindicate
 contraindication
~omit: omit omission skip leave_out left_out leaving_out
~delay: delay postpone postponement defer wait put_off
~want: want wish
~reason: reason cause due because owing account
~whole: whole entire complete completely full
~unaffected: unaffected uninvolved spared
~taper: taper wean
~bilateral: bilateral both_sides
~unilateral: unilateral one_side
~accrue: accrue accrual recruit recruitment enrol enrolment
~parents: parents mother_and_father father_and_mother mother_and_the_father
~followup: follow_up followed_up following_up
~against: against not_to
"""


def _read_families() -> tuple[dict[str, frozenset[str]], dict[str, list[tuple[str, ...]]]]:
    single: dict[str, set[str]] = {}
    spoken: dict[str, list[tuple[str, ...]]] = {}
    for entry in _FAMILIES.strip().replace("\n ", " ").split("\n"):
        concept, members = entry.split(":")
        for member in members.split():
            parts = tuple(member.split("_"))
            if len(parts) == 1:
                single.setdefault(root(member), set()).add(concept)
            else:
                spoken.setdefault(parts[0], []).append((*parts, concept))
    return {word: frozenset(found) for word, found in single.items()}, spoken


_OF_ROOT, _SPOKEN = _read_families()
_BEGINNINGS = frozenset(entry[:2] for entries in _SPOKEN.values() for entry in entries)
"""The first two words of every phrase."""
_FIRSTS, _SECONDS = map(frozenset, zip(*_BEGINNINGS))
LEXICON = frozenset(w for w in words(_FAMILIES) if w.isalpha())
"""Every word that the families know: none of them is the name of something."""

OPPOSITES: dict[str, frozenset[str]] = {}
"""A concept -> those that it excludes."""
for _pair in (
    "~increase ~decrease", "~improve ~worsen", "~hold ~continue", "~stop ~continue",
    "~block ~activate", "~prolong ~shorten", "~retain ~lose", "~permanent ~brief",
    "~before ~after", "~stop ~start", "~stop ~resume", "~place ~remove", "~agree ~refuse",
    "~stable ~change", "~bilateral ~unilateral", "~whole ~partial", "~allow ~forbid",
    "~omit ~give", "~safe ~risky", "~hard ~easy", "~male ~female", "~resist ~sensitive",
    "~resolve ~persist", "~resolve ~worsen",
    "~improve ~shorten", "~worsen ~prolong", "~start ~delay", "~continue ~delay", "~hold ~give",
    "~die ~survive", "~include ~omit", "~include ~exclude",
):  # fmt: skip
    for _one, _other in itertools.permutations(_pair.split()):
        OPPOSITES[_one] = OPPOSITES.get(_one, frozenset()) | {_other}


@lru_cache(maxsize=65536)
def concepts_of(word: str) -> frozenset[str]:
    """What one word may mean: its families, or its root."""
    of = root(word)
    return _OF_ROOT.get(of) or frozenset([of])


class Unit(NamedTuple):
    """One thing that a text says: what it may mean, in which words, and where."""

    meant: frozenset[str]
    said: str
    start: int
    end: int


@lru_cache(maxsize=16384)
def units(plain_text: str) -> tuple[Unit, ...]:
    """What plain text says, word by word, a phrase of several words as one."""
    pattern = _SCHEDULED_WORD if _may_schedule(plain_text) else _WORD
    spots = list(pattern.finditer(plain_text))
    spoken = [m.group() for m in spots]
    if not _has_phrase(spoken):
        return tuple([Unit(concepts_of(w), w, *m.span()) for w, m in zip(spoken, spots)])
    found: list[Unit] = []
    i = 0
    while i < len(spots):
        entry = _several(spoken, i) if spoken[i] in _SPOKEN else None
        last = i if entry is None else i + len(entry) - 2
        meant = concepts_of(spoken[i]) if entry is None else frozenset(entry[-1:])
        start, end = spots[i].start(), spots[last].end()
        found.append(Unit(meant, plain_text[start:end], start, end))
        i = last + 1
    return tuple(found)


_WORD = re.compile(r"[^\W_]+")
_SCHEDULED_WORD = re.compile(
    rf"(?:(?:two|three|four|six|eight|[2-9])-(?=(?:week|month|hour|dai)ly\b))?{_WORD.pattern}"
)
"""A word; "two-weekly" is one, and another than "weekly"."""


def _may_schedule(plain_text: str) -> bool:
    """Whether a text may have a word with a hyphen."""
    return "-" in plain_text and "ly" in plain_text


def _words(plain_text: str) -> Sequence[str]:
    """The words of a text, in order."""
    return _SCHEDULED_WORD.findall(plain_text) if _may_schedule(plain_text) else words(plain_text)


def _has_phrase(spoken: Sequence[str]) -> bool:
    """Whether some of the words may be a phrase of the families."""
    if _FIRSTS.isdisjoint(spoken) or _SECONDS.isdisjoint(spoken):
        return False
    return not _BEGINNINGS.isdisjoint(itertools.pairwise(spoken))


def _several(spoken: Sequence[str], at: int) -> tuple[str, ...] | None:
    for entry in _SPOKEN[spoken[at]]:
        if tuple(spoken[at : at + len(entry) - 1]) == entry[:-1]:
            return entry
    return None


@lru_cache(maxsize=16384)
def concepts(plain_text: str) -> frozenset[str]:
    """All that plain text speaks of: its concepts, and the roots of all its words."""
    spoken = _words(plain_text)
    roots = frozenset(map(root, spoken))
    if not _has_phrase(spoken):
        return roots.union(*[_OF_ROOT[of] for of in roots if of in _OF_ROOT])
    return roots.union(*[unit.meant for unit in units(plain_text)])


@lru_cache(maxsize=16384)
def content(plain_text: str) -> tuple[frozenset[str], ...]:
    """What each word of plain text may mean that says what the text is about."""
    spoken = _words(plain_text)
    if not _has_phrase(spoken):
        return tuple([concepts_of(w) for w in spoken if w not in VAGUE_WORDS])
    return tuple([u.meant for u in units(plain_text) if u.said not in VAGUE_WORDS])


def asked_kind(plain_question: str) -> frozenset[str]:
    """The concepts of what a question asks for one of ("which eye"); none where it does not."""
    kind = _WHICH_KIND.search(plain_question)
    return concepts(kind[1]) if kind else frozenset()


_WHICH_KIND = re.compile(r"\b(?:which|what) (\w+)")


def shared(spoken: frozenset[str], asked: tuple[frozenset[str], ...]) -> int:
    """How much of what was asked a text takes up, given its concepts."""
    return len([unit for unit in asked if not spoken.isdisjoint(unit)])


def opposed(spoken: frozenset[str], asked: frozenset[str]) -> bool:
    """Whether a text has the opposite of something asked."""
    return any(not OPPOSITES[c].isdisjoint(asked) for c in spoken if c in OPPOSITES)


# Searches are quickest for a pattern that begins with a set of characters, so what tells which of
# them it is, and what stands before it, are looked at after it.
_AT_MARK = r"(?<=[.;:!?])(?=\s|$)(?<!\bdr.)(?<!\bmr.)(?<!\bms.)(?<!\bmrs.)(?<!\bprof.)|(?<=\n)"
_SEGMENT_END = re.compile(
    rf"[.;:!?\n, ](?:{_AT_MARK}|"
    r"(?:(?<= )|(?<=,) )(?:and|while|whereas|whilst|but|although|though|(?<!not )yet|then)\b|"
    r"(?<=,) (?!\d))"
)
_JOINING = word_set("and while whereas whilst but although though yet then")
_MARKED_END = re.compile(rf"[.;:!?\n,](?:{_AT_MARK}|(?<=,) (?!\d))")
"""The same for text without any of these words: marks are rarer than spaces."""


@lru_cache(maxsize=8192)
def segments(plain_text: str) -> tuple[tuple[str, int], ...]:
    """The smallest pieces of plain text that say something of their own, and where they start."""
    joined = not _JOINING.isdisjoint(words(plain_text))
    found, at = [], 0
    for m in (_SEGMENT_END if joined else _MARKED_END).finditer(plain_text):
        found.append((plain_text[at : m.start()], at))
        at = m.end()
    found.append((plain_text[at:], at))
    return tuple([(piece, start) for piece, start in found if _WORD.search(piece)])
