"""The private form of the slot market on one chain: a ledger of its own, market, disputes and council."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import encode

from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.private_slot_disputes import PrivateSlotDisputes
from energy_trading.bindings.private_slot_market import PrivateSlotMarket
from energy_trading.bindings.slots import SlotSuiteParameters
from energy_trading.bindings.verifier_council import VerifierCouncil
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain, RevertData, Sender
from energy_trading.errors import BadInput
from energy_trading.types import (
    CouncilParameters,
    Domain,
    LedgerParameters,
    PrivateParameters,
    to_abi,
)

_EURO: Final = 10**8
_DAY: Final = 86_400


@dataclass(frozen=True)
class PrivateSuiteParameters(SlotSuiteParameters):
    """Everything that is fixed when the contracts are deployed; the contracts check the ranges.

    With a coin worth one euro, one unit of account is a hundred-millionth of a euro: ten times as much as in
    the public form, so that the money of a day fits five bytes.

    Args:
        day_slots, day_post_seconds: of `PrivateParameters`.
        owner, pkg, treasury, founder, asset, unit, credit, slot_seconds, turn_seconds, post_seconds,
        window_seconds, answer_seconds, retail, feed_in, pricing, fee, bond, ring, min_stake, slash,
        cluster_size, quorum, verifier_size, turn, unbonding, reseed: of `SlotSuiteParameters`; the fee is one
            for a day.
    """

    unit: int = 10**10
    answer_seconds: int = 3600  # a withheld slot keeps the next ones of its day from being posted this long
    retail: int = 30_000  # 30 cents per kWh
    feed_in: int = 8_000  # 8 cents per kWh
    fee: int = _EURO // 100  # a cent
    bond: int = _EURO // 10
    min_stake: int = 50 * _EURO
    slash: int = 20 * _EURO
    day_slots: int = 96
    day_post_seconds: int = _DAY

    def private(self, ledger: str, council: str, disputes: str) -> PrivateParameters:
        """Return the constants of the market."""
        own: list[Any] = [getattr(self, name) for name in PrivateParameters.__abi__[3:]]
        return PrivateParameters(ledger, council, disputes, *own)

    def council(self, ledger: str, slot_market: str) -> CouncilParameters:
        """Return the constants of the council.

        Raises:
            BadInput: a member could take its stake back while a slot or day of its can be disputed.
        """
        day = self.day_slots * self.slot_seconds
        longest = day + self.post_seconds + 2 * (self.window_seconds + self.answer_seconds)
        longest += self.day_post_seconds
        if self.unbonding <= longest:
            raise BadInput(f"the unbonding time must exceed {longest} seconds, not be {self.unbonding}")
        return super().council(ledger, slot_market)


class PrivateSuite:
    """The deployed contracts of one private slot market.

    Args:
        chain: where they live.
        ledger, market, disputes, council: addresses of the contracts.
        p256_verifier: address of the verifier that P-256 meters name.
    """

    def __init__(
        self, chain: Chain, ledger: str, market: str, disputes: str, council: str, p256_verifier: str
    ) -> None:
        self.chain = chain
        self.ledger = EnergyLedger(chain, ledger)
        self.market = PrivateSlotMarket(chain, market)
        self.disputes = PrivateSlotDisputes(chain, disputes)
        self.council = VerifierCouncil(chain, council)
        self.p256_verifier = p256_verifier
        self.ledger_domain = Domain("EnergyLedger", chain.chain_id, self.ledger.address)
        self.market_domain = Domain("SlotMarket", chain.chain_id, self.market.address)
        self.council_domain = Domain("VerifierCouncil", chain.chain_id, self.council.address)


def deploy_private_slots(
    chain: Chain,
    deployer: Sender,
    parameters: PrivateSuiteParameters,
    say: Callable[[str], None] = lambda _: None,
) -> PrivateSuite:
    """Deploy a ledger with a private slot market, its disputes and its council.

    Args:
        chain: the chain to deploy on.
        deployer: the account that signs and pays; it has no power afterwards.
        parameters: what the deployment fixes for ever.
        say: receives a line of text for each contract.

    Raises:
        ContractRevert: a parameter is out of range.
        BadInput: the times do not fit together, or another transaction of the deployer came in between.
    """
    from web3.types import Nonce
    from web3.utils.address import get_create_address

    account = deployer if isinstance(deployer, str) else deployer.address
    first = chain.next_nonce(account)
    names = ("EnergyLedger", "PrivateSlotMarket", "PrivateSlotDisputes", "VerifierCouncil", "P256Verifier")
    at = {
        name: str(get_create_address(account, Nonce(first + i)))  # type: ignore[arg-type]
        for i, name in enumerate(names)
    }
    ledger, market, disputes, council, _ = at.values()
    p = parameters
    named = LedgerParameters(p.asset, p.unit, p.owner, p.pkg, p.treasury, [market, council], _DAY, p.credit)
    arguments: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "EnergyLedger": (EnergyLedger.constructor_types, [named]),
        "PrivateSlotMarket": (PrivateSlotMarket.constructor_types, [p.private(ledger, council, disputes)]),
        "PrivateSlotDisputes": (PrivateSlotDisputes.constructor_types, [market, p.day_slots]),
        "VerifierCouncil": (VerifierCouncil.constructor_types, [p.council(ledger, market)]),
        "P256Verifier": ((), []),
    }
    for name, (types, values) in arguments.items():
        code = artifacts.load(name).bytecode + encode(types, [to_abi(value) for value in values])
        try:
            made, receipt = chain.deploy(code, deployer)
        except RevertData as error:
            raise explain(error) from None
        if made != at[name]:
            raise BadInput(f"another transaction of {account} took the place of the creation of {name}")
        say(f"{name} at {made} ({receipt['gasUsed']:,} gas)")
    return PrivateSuite(chain, *at.values())
