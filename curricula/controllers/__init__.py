"""Controllers, one family a file. Import them from here."""

from curricula.controllers.bandit import Bandit
from curricula.controllers.break_even import BreakEven
from curricula.controllers.gated import Gated, forecast_gated, gated, gated_point
from curricula.controllers.lagrangian import DualAscent, PIDLagrangian
from curricula.controllers.open_loop import Blocks, Ramp, blocks, constant, ramp
from curricula.controllers.plateau import Plateau
from curricula.controllers.proportional import Multiplicative, TargetRate

__all__ = [
    "Bandit",
    "Blocks",
    "BreakEven",
    "DualAscent",
    "Gated",
    "Multiplicative",
    "PIDLagrangian",
    "Plateau",
    "Ramp",
    "TargetRate",
    "blocks",
    "constant",
    "forecast_gated",
    "gated",
    "gated_point",
    "ramp",
]
