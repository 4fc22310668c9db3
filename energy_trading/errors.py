"""The exceptions of this package, in a tree by cause, so that a service can answer each kind in its own way.

Every exception that the package raises on purpose is below one of the five branches and keeps its own fields.
"""

from __future__ import annotations


class EnergyTradingError(Exception):
    """Base of all typed errors. The CLI prints its text as one line and exits with status 1."""


class BadInput(EnergyTradingError, ValueError):
    """The caller's mistake: an argument, file or option is wrong. Repeating the call does not help."""


class RuleBroken(EnergyTradingError):
    """The rules of the market or of a protocol do not allow the call in the present state."""


class Forged(EnergyTradingError):
    """A signature, proof, ciphertext, message or file is not what it claims to be."""


class TryAgain(EnergyTradingError):
    """Something could not be reached, is in use, or is not there yet. The same call may succeed later."""


class InternalFault(EnergyTradingError):
    """The package contradicts itself or its contracts. This is a bug; please report it."""
