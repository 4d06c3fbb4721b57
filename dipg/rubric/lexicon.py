"""Words of the field that the rubric knows: what counts as a name, what is the opposite of what."""

import re
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    """
    a an and are as at be been being but by can could did do does for from had has have he her
    hers him his how i if in into is it its may might more most must no nor not of off on or
    our out over she should so some such than that the their them then there these they this
    those to under until up us was we were what when where which while who whom whose why will
    with would you your about after also any both each per via within without please give
    state report
    """
)
"""Words that say nothing of what a sentence is about."""

MODALS = word_set("may can could")
"""Words that ask whether something is allowed."""

LIGHT_WORDS = word_set(
    "because due owing account reason cause become becomes became get gets got getting went turned "
    "judged considered seen found observed noted detected there given received done performed"
)
"""Words of an expected phrase that need not be said where it has others."""

PLAIN_WORDS = word_set(
    """
    conflict conflicting abstain abstained insufficient
    yes no none never unknown unclear nothing neither same equal higher lower longer shorter
    more less true false correct incorrect answer answers question patient patients child boy
    girl man woman male female left right upper lower bilateral midline the this that these
    those it he she they we i based according given since because as after before during while
    when where however therefore thus hence so then also and but or not although though for
    from with without in on at by to of per continue hold stop start restart reduce increase
    resume maintain withhold discontinue initiate switch administer give use treat monitor
    enroll enrol re reintroduce avoid keep pause suspend add proceed consider recommend
    treatment therapy dose dosage dosing drug medication tumor tumour protocol trial study
    regimen record records source sources context text provided information evidence report
    reports note notes sorry unfortunately please there here both all each one two three four
    five six seven eight nine ten first second third next final current recommended
    appropriate total daily weekly monthly once twice every grade stage phase arm group cohort
    cycle monday tuesday wednesday thursday friday saturday sunday january february march
    april may june july august september october november december response rate survival
    median overall progression disease stable partial complete answer's conclusion summary
    result results value values only iv po bid tid qid sc im od qd vs ie eg os pfs orr mri ct
    ok id doctor professor side sided negative positive earlier later first came celsius fahrenheit
    nurse mother father prof sir
    parents mr mrs ms dr jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat
    sun
    """
)
"""Words that a capital letter does not turn into the name of something."""

GENERIC_WORDS = word_set(
    "patient patients child children boy girl case record context text question according based"
)
"""Words of a question that do not say what it asks for."""
VAGUE_WORDS = STOP_WORDS | LIGHT_WORDS | GENERIC_WORDS
"""Words that do not say what a text is about."""

KIN = word_set("brother sister mother father twin sibling cousin aunt uncle son daughter")

DRUG_STEMS = tuple(
    word_set(
        """
        alapril alazine aloxone apine axone azepam azepine azolam azolin bactam barbital bazam
        bazine blastine butamol buterol caine cetamol ciclib ciclovir cillin codone conazole
        cosamide coxib cristine curonium cycline degib dipine dronate ercept etalol fenac
        fentanil floxacin formin fungin gabalin gabatrin gliflozin gliptin grastim grel inopril
        iodarone isone kacin kinra lactone leucel lidomide lisib lukast mab mantine metasone
        meterol methasone micin minophen morphone mustine mycin navir nib nidazole nisamide olol
        opramide osfamide oxetine oxicam parib parin penem peridol peridone phalan phenolate
        piramate pitant planin platin poietin poside prazole pressin profen promazine racetam
        reotide ribine rolimus rubicin sartan semide setron solone spirone stat statin sulfan
        suximide tabine tacept tadine taxel tecan tegravir tentan teplase tericin thiazide
        thyroxine tidine tirizine topril trexate trexed trigine triptan triptyline tropium
        valproate virenz vudine xaban xime ytoin zolamide zolomide zomib zomide
        """
    )
)
_LONG_STEMS = "|".join(stem for stem in DRUG_STEMS if len(stem) >= 6)
DRUG = re.compile(rf"\b(?:[a-z]{{3,}}(?:{'|'.join(DRUG_STEMS)})|[a-z]{{2}}(?:{_LONG_STEMS}))\b")
"""Names of drugs by their endings (international non-proprietary name stems)."""


@lru_cache(maxsize=16384)
def is_drug(name: str) -> bool:
    """Whether a word is the name of a drug."""
    return DRUG.fullmatch(name) is not None


_OPPOSITES = (
    ("increase increased increases increasing rise rose risen higher raised elevated grew growth "
     "greater larger longer more above improved improvement improves gain superior",
     "decrease decreased decreases decreasing fall fell fallen lower reduced reduction reduces "
     "shrank "
     "shrinkage smaller shorter less below worsened worsening worse decline declined loss "
     "inferior"),
    ("before prior preceding earlier precedes", "after following subsequent later follows"),
    ("left left-sided", "right right-sided"),
    ("yes eligible met meets met positive present effective safe benefit",
     "no ineligible negative absent ineffective unsafe toxic"),
    ("mutant mutated mutation-positive", "wild wildtype wild-type"),
    ("responded response responding regression", "progressed progression progressing recurrence"),
    ("male boy man he his", "female girl woman she her"),
    ("first", "last second third"),
    ("maximum highest most", "minimum lowest least"),
    ("first-line", "second-line"),
    ("benign", "malignant"),
    ("upper", "lower"), ("anterior ventral", "posterior dorsal"),
    ("unilateral", "bilateral"),
    ("oral orally", "intravenous intravenously iv"),
)  # fmt: skip

DIRECTIONS: dict[str, tuple[int, int]] = {}
"""A word -> (axis, side): two words on one axis and different sides contradict each other."""
for _axis, (_one, _other) in enumerate(_OPPOSITES):
    for _side, _group in enumerate((_one, _other)):
        for _word in _group.split():
            DIRECTIONS.setdefault(_word, (_axis, _side))

ACTIONS: dict[str, str] = {}
"""A verb -> what it does to a treatment."""
for _action, _verbs in {
    "start": "start starts started starting initiate initiates initiated initiating begin "
    "beginning "
    "commence enroll enrol enrolled enrollment enrolment add adding introduce prescribe",
    "resume": "resume resumes resumed resuming restart restarts restarted restarting reintroduce "
    "reintroduced reintroducing re-introduce re-introduced re-introducing re-start reinitiate "
    "re-initiate rechallenge",
    "continue": "continue continues continued continuing maintain maintained maintaining keep "
    "keeping "
    "remain remaining unchanged continuation",
    "hold": "hold holding held withhold withheld withholding pause paused pausing suspend "
    "suspended suspending interrupt interrupted interrupting interruption",
    "stop": "stop stopping stopped discontinue discontinued discontinuing cease withdraw withdrawn "
    "terminate permanently-discontinue avoid avoiding",
    "reduce": "reduce reducing decrease decreasing lower lowering halve de-escalate",
    "increase": "increase increasing escalate escalating raise raising double",
    "switch": "switch switching change changing replace replacing",
}.items():
    for _word in _verbs.split():
        ACTIONS[_word] = _action

CLASHES = {
    "start": {"hold", "stop"},
    "resume": {"hold", "stop"},
    "continue": {"hold", "stop", "switch"},
    "hold": {"start", "continue", "increase"},
    "stop": {"start", "resume", "continue", "increase"},
    "reduce": {"increase", "stop"},
    "increase": {"reduce", "hold", "stop"},
    "switch": {"continue"},
}
"""What contradicts an action on the same treatment."""

CLASSES: dict[str, str] = {}
"""A word -> the class of values it belongs to: another word of the class is another answer."""
for _class, _members in {
    "lobe": "frontal parietal temporal occipital cerebellum cerebellar thalamus thalamic pons "
    "pontine "
    "medulla medullary midbrain spinal hemispheric brainstem cerebral ventricle",
    "side": "left right bilateral midline",
    "sex": "male female boy girl",
    "yesno": "yes no",
    "route": "oral orally intravenous intravenously subcutaneous intrathecal intranasal "
    "intramuscular",
    "modality": "mri ct pet ultrasound eeg biopsy",
    "roman": "ii iii iv",
    "outcome": "stable progressive progression regression remission pseudoprogression",
    "weekday": "monday tuesday wednesday thursday friday saturday sunday",
    "month": "january february march april june july august september october november december",
    "severity": "mild moderate severe",
    "color": "red blue green yellow",
}.items():
    for _word in _members.split():
        CLASSES[_word] = _class

COURSES = {
    "same": re.compile(r"\b(?:stable|unchanged|stationary)\b"),
    "worse": re.compile(
        r"\b(?:progress(?:ion|ive|ed|ing)|growth|grew|grown|growing|enlarg\w+|recurr\w+|relaps\w+|"
        r"metasta\w+|worsen\w+|deteriorat\w+|new (?:\w+ )?(?:lesions?|foci|disease|tumou?rs?|"
        r"spread|enhancement))\b"
    ),
    "better": re.compile(
        r"\b(?:regress(?:ion|ed|ing)|remission|shrank|shrunk|shrinkage|resolved|disappeared|"
        r"(?:partial|complete) response)\b"
    ),
}
"""What a disease does: one course excludes the others."""


@lru_cache(maxsize=4096)
def courses_of(text: str) -> frozenset[str]:
    """The courses that an expected wording or a question speaks of."""
    return frozenset(course for course, found in COURSES.items() if found.search(text))


UNITS_ASKED_BY = {
    "old": "year", "age": "year", "aged": "year", "percentage": "%", "proportion": "%",
    "share": "%", "temperature": "°c", "pressure": "mmhg",
}  # fmt: skip
"""A word of a question -> the unit that it asks for."""

TREATMENTS = word_set(
    "radiotherapy radiation irradiation reirradiation chemotherapy steroids surgery immunotherapy "
    "chemoradiation transfusion transfusions anticoagulation antibiotics dexamethasone"
)
"""Treatments that are no proper names."""

ANTONYMS: dict[str, frozenset[str]] = {}
"""A comparative -> its antonyms."""
for _one, _other in (
    ("longer longest", "shorter shortest briefer"),
    ("higher highest", "lower lowest"),
    ("more most", "less least fewer fewest"),
    ("greater greatest", "smaller smallest lesser"),
    ("larger largest bigger biggest", "smaller smallest"),
    ("older oldest", "younger youngest"),
    ("heavier heaviest", "lighter lightest"),
    ("earlier earliest", "later latest"),
    ("first", "last second"),
    ("better best", "worse worst"),
    ("faster fastest quicker", "slower slowest"),
    ("stronger", "weaker"),
    ("increased increase increases rose grew", "decreased decrease decreases fell shrank"),
):
    for _word in _one.split():
        ANTONYMS[_word] = ANTONYMS.get(_word, frozenset()) | frozenset(_other.split())
    for _word in _other.split():
        ANTONYMS[_word] = ANTONYMS.get(_word, frozenset()) | frozenset(_one.split())
