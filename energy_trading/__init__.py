"""Peer-to-peer energy trading on any EVM chain: the public names, loaded when they are first used.

`__init__.pyi` beside this file lists them, each with its home. The errors and events of a contract have the
names that the contract gives them; they stand in the contract's module of
`energy_trading.bindings`.
"""

from __future__ import annotations

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
