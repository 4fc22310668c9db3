"""Peer-to-peer energy trading on any EVM chain: the public names, loaded when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from energy_trading.bindings import ContractRevert, Suite, SuiteParameters, deploy, read_events
    from energy_trading.chain.connect import Chain, connect
    from energy_trading.chain.in_process import in_process
    from energy_trading.crypto.keys import SecretKey
    from energy_trading.errors import BadInput, EnergyTradingError
    from energy_trading.identity import DSO, PKG, Certificate, Enrolment, Member, TracingProof
    from energy_trading.market.log.fold import fold
    from energy_trading.market.log.positions import (
        Position,
        SlotReading,
        SlotRule,
        Tariffs,
        entries_of,
        positions_of,
    )
    from energy_trading.market.log.replay import replay
    from energy_trading.market.log.standing import standing_of
    from energy_trading.market.trade.offer import Offer, Trade
    from energy_trading.market.trade.trader import Trader, confirm, confirm_many, expire
    from energy_trading.meter.signers import P256Meter, Secp256k1Meter
    from energy_trading.meter.smart_meter import Reading, SmartMeter
    from energy_trading.meter.telegram import read_telegram
    from energy_trading.simulation.profiles import HomeProfile, load_profiles, make_profiles
    from energy_trading.types import Role

_HOME: Final = {
    "BadInput": "errors",
    "Certificate": "identity",
    "Chain": "chain.connect",
    "ContractRevert": "bindings",
    "DSO": "identity",
    "EnergyTradingError": "errors",
    "Enrolment": "identity",
    "HomeProfile": "simulation.profiles",
    "Member": "identity",
    "Offer": "market.trade.offer",
    "P256Meter": "meter.signers",
    "PKG": "identity",
    "Position": "market.log.positions",
    "Reading": "meter.smart_meter",
    "Role": "types",
    "Secp256k1Meter": "meter.signers",
    "SecretKey": "crypto.keys",
    "SlotReading": "market.log.positions",
    "SlotRule": "market.log.positions",
    "SmartMeter": "meter.smart_meter",
    "Suite": "bindings",
    "SuiteParameters": "bindings",
    "Tariffs": "market.log.positions",
    "TracingProof": "identity",
    "Trade": "market.trade.offer",
    "Trader": "market.trade.trader",
    "confirm": "market.trade.trader",
    "confirm_many": "market.trade.trader",
    "connect": "chain.connect",
    "deploy": "bindings",
    "entries_of": "market.log.positions",
    "expire": "market.trade.trader",
    "fold": "market.log.fold",
    "in_process": "chain.in_process",
    "load_profiles": "simulation.profiles",
    "make_profiles": "simulation.profiles",
    "positions_of": "market.log.positions",
    "read_events": "bindings",
    "read_telegram": "meter.telegram",
    "replay": "market.log.replay",
    "standing_of": "market.log.standing",
}

__all__ = [
    "DSO",
    "PKG",
    "BadInput",
    "Certificate",
    "Chain",
    "ContractRevert",
    "EnergyTradingError",
    "Enrolment",
    "HomeProfile",
    "Member",
    "Offer",
    "P256Meter",
    "Position",
    "Reading",
    "Role",
    "Secp256k1Meter",
    "SecretKey",
    "SlotReading",
    "SlotRule",
    "SmartMeter",
    "Suite",
    "SuiteParameters",
    "Tariffs",
    "TracingProof",
    "Trade",
    "Trader",
    "confirm",
    "confirm_many",
    "connect",
    "deploy",
    "entries_of",
    "expire",
    "fold",
    "in_process",
    "load_profiles",
    "make_profiles",
    "positions_of",
    "read_events",
    "read_telegram",
    "replay",
    "standing_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'energy_trading' has no attribute {name!r}")
    return getattr(import_module(f"energy_trading.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
