"""The root of every exception this package raises on purpose."""

from __future__ import annotations


class EnergyTradingError(Exception):
    """Base of all typed errors; the CLI prints its text as one line and exits with status 1."""


class BadInput(EnergyTradingError, ValueError):
    """A value from outside does not fit: the text names what was given and what is allowed."""
