"""What is decoded has the types of Python, whatever it is nested in."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import explain, from_abi
from energy_trading.bindings.energy_ledger import DefaultRecorded
from energy_trading.bindings.offer_market import BadTerms, WrongState
from energy_trading.bindings.sealed_bid_auction import AuctionPosted
from energy_trading.chain.connect import RevertData
from energy_trading.types import AuctionTerms, Cause, Delivery, Energy, Terms, TradeState

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "generate_bindings.py"
LOW = "0x" + "ab" * 20
HIGH = to_checksum_address(LOW)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("address", LOW, HIGH),
        ("address[]", (LOW, LOW), (HIGH, HIGH)),
        ("address[2][]", ((LOW, LOW),), ((HIGH, HIGH),)),
        ("(uint256,address)", (1, LOW), (1, HIGH)),
        ("(uint256,(bytes,address[]))[]", ((1, (b"", (LOW,))),), ((1, (b"", (HIGH,))),)),
        ("(uint256,bytes32)[]", ((1, b"x"),), ((1, b"x"),)),
    ],
)
def test_addresses_have_checksums_everywhere(kind: str, value: Any, expected: Any) -> None:
    """Also in arrays, in structs, and in structs within arrays (EIP-55)."""
    assert from_abi(kind, value) == expected


def test_structs_within_structs_have_their_types() -> None:
    """A decoded receipt holds terms, and both hold energy."""
    terms = (LOW, LOW, (5).to_bytes(32, "big"), 1, 2, 3, 4)
    delivery = Delivery.from_abi((terms, LOW, b"", bytes(32), b""))
    assert delivery.terms == Terms(LOW, LOW, Energy.plain(5), 1, 2, 3, 4)
    assert delivery.energy.wh == 0


def test_errors_and_events_convert_their_fields() -> None:
    """Enums, energy and structs of errors and events are of the generated types."""
    word = (5).to_bytes(32, "big")
    one, three = (1).to_bytes(32, "big"), (3).to_bytes(32, "big")
    state = explain(RevertData(keccak(text=WrongState.signature)[:4] + bytes(32) + three + one, ""))
    assert isinstance(state, WrongState)
    assert state.values == (bytes(32), TradeState.ACCEPTED, TradeState.OFFERED)
    assert all(isinstance(value, TradeState) for value in state.values[1:])
    energy = explain(RevertData(keccak(text=BadTerms.signature)[:4] + 3 * word, ""))
    assert isinstance(energy, BadTerms)
    assert energy.energy.wh == 5
    assert DefaultRecorded.converters["cause"](2) is Cause.BOUGHT
    assert AuctionPosted.converters["terms"] == AuctionTerms.from_abi


def test_generator_converts_arrays_of_structs() -> None:
    """The next contract may answer with lists of structs, enums or lists of lists; each item is converted."""
    spec = spec_from_file_location("generate_bindings", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    listed = {"name": "x", "type": "tuple[][3]", "internalType": "struct Terms[][3]"}
    assert script.python_type(listed) == "Sequence[Sequence[Terms]]"
    convert = eval(script.converter(listed), {"Terms": Terms})
    raw = (LOW, LOW, bytes(32), 1, 2, 3, 4)
    assert convert([[raw, raw], []]) == ((Terms.from_abi(raw), Terms.from_abi(raw)), ())
    enums = {"name": "x", "type": "uint8[]", "internalType": "enum IOfferMarket.TradeState[]"}
    assert script.converted(enums, "values[1]") == "tuple(TradeState(item) for item in values[1])"
    assert script.converter({"name": "x", "type": "uint256[]", "internalType": "uint256[]"}) == ""
