"""The rubric: what happened in a response, and which of it is priced.

Facts before prices: `assess` knows no price. The criteria are small functions in the modules
beside this one, applied in the order of `dipg.rubric.criteria`.
"""

from dipg.rubric.criteria import EVENTS, TERMS, Assessment, assess, assess_parsed

__all__ = ["EVENTS", "TERMS", "Assessment", "assess", "assess_parsed"]
