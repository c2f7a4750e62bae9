"""Stage 5, register: a model becomes a release that serving can trust."""

from rueda.stages.s5_register.spec import Register
from rueda.stages.s5_register.stage import REGISTER

__all__ = ["REGISTER", "Register"]
