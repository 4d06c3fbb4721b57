"""Controllers, one family a file. Import them from here."""

from curricula.controllers.gated import Gated, gated, gated_point
from curricula.controllers.open_loop import Blocks, Ramp, blocks, constant, ramp

__all__ = ["Blocks", "Gated", "Ramp", "blocks", "constant", "gated", "gated_point", "ramp"]
