"""What the ledger's tests share: ledgers with other parameters, and contracts called by signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from eth_abi.abi import encode

from energy_trading.bindings import Call, Contract, EnergyLedger
from energy_trading.bindings.contract import explain
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain.artifacts import load
from energy_trading.chain.connect import Chain, RevertData
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import ZERO_ADDRESS, LedgerParameters, to_abi
from tests.contracts.offer_market.tools import compiled
from tests.world import World

HOUR, DAY, YEAR = 3600, 86_400, 366 * 86_400
UNIT = 10**9


class Behaviour(IntEnum):
    """How a HostileToken behaves, as the contract numbers it."""

    HONEST = 0
    FEE = 1
    RETURNS_FALSE = 2
    RETURNS_NOTHING = 3
    REVERTS = 4
    KEEPS = 5
    SHRINKS = 6
    FLATTERS = 7
    REENTERS = 8
    HOOKS = 9


class Reaction(IntEnum):
    """What a HostileReceiver does, as the contract numbers it."""

    ACCEPT = 0
    REFUSE = 1
    REENTER = 2
    BURN = 3


class TestContract(Contract):
    """A contract of tests/solidity, called by signature (flat types only)."""

    __test__ = False

    def do(self, signature: str, *values: Any, value: int = 0) -> Call[Any]:
        """Encode a call."""
        return self._encode(signature, _types(signature), values, value, ())

    def ask(self, signature: str, returns: str, *values: Any) -> Any:
        """Read an answer."""
        return self._read(signature, _types(signature), values, (returns,))


def _types(signature: str) -> list[str]:
    inner = signature[signature.index("(") + 1 : -1]
    return inner.split(",") if inner else []


def deployed(chain: Chain, sender: SecretKey, name: str) -> TestContract:
    """Deploy a contract of tests/solidity that has no constructor arguments."""
    return TestContract(chain, chain.deploy(compiled(name).bytecode, sender)[0])


def open_as_itself(world: World, account: TestContract) -> None:
    """Let a contract with a function `act` open its own account; it signs nothing."""
    call = world.ledger.open_account(*world.attest(account.address))
    account.do("act(address,bytes)", call.to, call.data).send(world.stranger)


def ledger_parameters(**changes: Any) -> LedgerParameters:
    """Parameters that a ledger accepts, changed; names of credit constants change those."""
    word = "0x" + "11" * 20
    credit = {name: changes.pop(name) for name in list(changes) if name in DEFAULT_CREDIT.__abi__}
    plain = LedgerParameters(
        ZERO_ADDRESS, UNIT, word, word, word, [word], DAY, replace(DEFAULT_CREDIT, **credit)
    )
    return replace(plain, **changes)


def make_ledger(chain: Chain, sender: SecretKey, parameters: LedgerParameters) -> EnergyLedger:
    """Deploy a ledger, or raise what its constructor says."""
    code = load("EnergyLedger").bytecode + encode(EnergyLedger.constructor_types, [to_abi(parameters)])
    try:
        return EnergyLedger(chain, chain.deploy(code, sender)[0])
    except RevertData as error:
        raise explain(error) from None


@dataclass
class Desk:
    """A ledger whose markets are plain keys, so that tests speak as a market."""

    world: World
    markets: list[SecretKey]

    @property
    def ledger(self) -> Any:
        return self.world.ledger

    @property
    def market(self) -> SecretKey:
        return self.markets[0]


@dataclass
class TokenWorld:
    """A market that settles in a token."""

    world: World
    token: TestContract

    def balance(self, address: str) -> int:
        """Base units of the token."""
        return int(self.token.ask("balanceOf(address)", "uint256", address))

    def give(self, key: SecretKey, units: int) -> None:
        """Mint to a key and let the ledger draw it."""
        base = units * self.world.ledger.unit()
        self.token.do("mint(address,uint256)", key.address, base).send(key)
        self.token.do("approve(address,uint256)", self.world.ledger.address, base).send(key)

    def behave(self, behaviour: Behaviour, target: str = ZERO_ADDRESS, data: bytes = b"") -> None:
        """Let the token turn hostile."""
        call = self.token.do("behave(uint8,address,bytes)", behaviour, target, data)
        call.send(self.world.stranger)

    def hooked(self) -> tuple[bool, bool, bytes]:
        """Whether the token called from inside, whether that went well, and what came back."""
        return (
            self.token.ask("called()", "bool"),
            self.token.ask("succeeded()", "bool"),
            self.token.ask("answer()", "bytes"),
        )
