"""Words of sources, of telling, of not being able to: pieces of patterns that look for them."""

import re

SOURCE = (
    r"(?:record|chart|context|text|passage|note|report|source|document|documentation|vignette|"
    r"information|material|case|article|data|evidence|excerpt|description|scenario|file|history|"
    r"summary|"
    r"letter|statement|paper|section|paragraph|content|details|entry|registry|documents|entries|"
    r"transcript|narrative|abstract|log|database|(?:work)?sheet|publication|guideline|prescription|"
    r"package|dossier|minutes|extract|plan|page|handout|leaflet|memo|email|consultation|"
    r"communication|handover|handbook|chapter|appendix|amendment|booklet|circular|pathway|policy|manual|"
    r"bulletin|poster|slide|table|form|message)s?"
)
SOURCE_WORD = re.compile(rf"\b{SOURCE}\b")
TELLS = (
    r"(?:contain|state|mention|specif(?:y|ies)|provide|include|give|indicate|report|say|describe|"
    r"document|address|list|record|disclose|offer|reveal|tell|discuss|cover|note|show|supply|name|"
    r"present|detail|clarify|hold|identify|allow|permit|answer|refer|reference|explain|define|"
    r"establish|confirm|have|publish|quote|comment|speak|touch|spell|link|tie|attribute|record)"
    r"(?:e?s)?"
)
STRONG = (
    r"(?:stated|mentioned|specified|documented|available|recorded|reported|described|listed|"
    r"disclosed|"
    r"indicated|addressed|discussed|provided|noted|known|supplied|referenced|detailed|named|"
    r"covered|touched (?:up)?on|spelled out|set out|charted|logged|written down)"
)
EXAMINED = (
    r"(?:tested|assessed|evaluated|measured|determined|sequenced|profiled|checked|examined|"
    r"quantified|established)"
)
WEAK = (
    r"(?:given|found|included|contained|shown|established|present|clear|defined|identified|there|"
    r"offered)"
)
VALUE_NOUN = (
    r"(?:dos(?:e|es|age)|value|amount|number|figure|date|age|duration|schedule|reason|cause|answer|"
    r"information|details?|result|grade|stage|frequency|name|weight|volume|interval|location|"
    r"survival|rate|count|level|size|diameter|rationale|explanation|threshold|criterion)"
)
GAP = r"(?:[^.;!?\n]|\.(?=\d)){0,90}?"
WITHIN = r"(?:[^.;:!?\n]|\.(?=\d)){0,90}?"
ADVERBS = r"(?:\w+ ){0,3}?"
CANNOT_BE = r"(?:can ?not|can't|could not|couldn't) (?:\w+ ){0,2}?be"
CANNOT = (
    r"(?:can ?not|can't|could not|couldn't|am unable to|are unable to|is unable to|unable to|"
    r"not able to|"
    r"not possible to|impossible to|no way to)"
)
GIVES_REASON = re.compile(r"\W*(?:because|since|due to|owing to)\b")
"""How a clause begins that gives a reason; for `match`."""
