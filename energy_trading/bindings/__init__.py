"""Typed contracts: calls, events, and errors as exceptions with the same fields."""
