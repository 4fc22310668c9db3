"""The private form of the slot market on one chain: a ledger of its own, market, disputes and council."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from eth_abi.abi import encode

from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.private_slot_disputes import PrivateSlotDisputes
from energy_trading.bindings.private_slot_market import PrivateSlotMarket
from energy_trading.bindings.suite import DEFAULT_CREDIT, CouncilSettings
from energy_trading.bindings.verifier_council import VerifierCouncil
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain, RevertData, Sender
from energy_trading.errors import BadInput
from energy_trading.types import (
    ZERO_ADDRESS,
    CouncilParameters,
    CreditParameters,
    Domain,
    LedgerParameters,
    Pricing,
    PrivateParameters,
    to_abi,
)

_EURO: Final = 10**8
_HOUR: Final = 3600


@dataclass(frozen=True)
class PrivateSettings:
    """Constants of the private form, each as in `PrivateParameters`.

    Args:
        slot_seconds: length of a slot.
        day_slots: slots of a day.
        turn_seconds, post_seconds, window_seconds, answer_seconds, day_post_seconds: times, in seconds.
        retail, feed_in: the two tariffs, units of account per Wh.
        pricing: how the price is made.
        fee: units of account for a day.
        bond: units of account.
        ring: how many slots can be under way.
    """

    slot_seconds: int = 900
    day_slots: int = 96
    turn_seconds: int = 60
    post_seconds: int = 1680  # each of seven members leads four times, in four clusters
    window_seconds: int = 6 * _HOUR
    answer_seconds: int = _HOUR  # a withheld slot keeps the next ones of its day from being posted this long
    day_post_seconds: int = 24 * _HOUR
    retail: int = 30_000  # 30 cents per kWh
    feed_in: int = 8_000  # 8 cents per kWh
    pricing: Pricing = Pricing.MID_RATE
    fee: int = _EURO // 100  # a cent
    bond: int = _EURO // 10
    ring: int = 1024


@dataclass(frozen=True)
class PrivateSuiteParameters:
    """Everything that is fixed when the contracts are deployed; the contracts check the ranges.

    With a coin worth one euro, one unit of account is a hundred-millionth of a euro: ten times as much as in
    the public form, so that the money of a day fits five bytes.

    Args:
        owner: account of the DSO (distribution system operator); later the council itself.
        pkg: account of the PKG (private key generator).
        treasury: account that gets one half of every slash.
        asset: ERC-20 to settle in, or the zero address for the native coin.
        unit: base units of the asset in one unit of account.
        credit: constants of the credit model.
        slots: constants of the market.
        council: constants of the verifier council.

    Raises:
        BadInput: a verifier could take its stake back while a slot or day of its can still be disputed.
    """

    owner: str
    pkg: str
    treasury: str
    asset: str = ZERO_ADDRESS
    unit: int = 10**10
    credit: CreditParameters = field(default=DEFAULT_CREDIT)
    slots: PrivateSettings = field(default=PrivateSettings())
    council: CouncilSettings = field(default=CouncilSettings(min_stake=50 * _EURO, slash=20 * _EURO))

    def __post_init__(self) -> None:
        if self.council.founder == ZERO_ADDRESS:
            object.__setattr__(self, "council", replace(self.council, founder=self.owner))
        s = self.slots
        longest = s.day_slots * s.slot_seconds + s.post_seconds + s.day_post_seconds
        longest += 2 * (s.window_seconds + s.answer_seconds)
        if self.council.unbonding <= longest:
            raise BadInput(
                f"council.unbonding must exceed {longest} seconds, the time in which a day can be disputed,"
                f" not be {self.council.unbonding}"
            )

    def ledger(self, slots: str, council: str) -> LedgerParameters:
        """Return the constants of the ledger.

        Args:
            slots: address of the PrivateSlotMarket.
            council: address of the VerifierCouncil.
        """
        markets = [slots, council]
        return LedgerParameters(
            self.asset, self.unit, self.owner, self.pkg, self.treasury, markets, 86_400, self.credit
        )

    def slot_market(self, ledger: str, council: str, disputes: str) -> PrivateParameters:
        """Return the constants of the market.

        Args:
            ledger: address of the EnergyLedger.
            council: address of the VerifierCouncil.
            disputes: address of the PrivateSlotDisputes.
        """
        return PrivateParameters(ledger, council, disputes, **vars(self.slots))

    def verifier_council(self, ledger: str, slot_market: str) -> CouncilParameters:
        """Return the constants of the council.

        Args:
            ledger: address of the EnergyLedger.
            slot_market: address of the PrivateSlotMarket.
        """
        return CouncilParameters(ledger, slot_market, **vars(self.council))


class PrivateSuite:
    """The deployed contracts of one private slot market.

    Args:
        chain: where they live.
        ledger: address of the EnergyLedger.
        slots: address of the PrivateSlotMarket.
        slot_disputes: address of its PrivateSlotDisputes.
        council: address of the VerifierCouncil.
        p256_verifier: address of the verifier that P-256 meters name.
    """

    def __init__(
        self, chain: Chain, ledger: str, slots: str, slot_disputes: str, council: str, p256_verifier: str
    ) -> None:
        self.chain = chain
        self.ledger = EnergyLedger(chain, ledger)
        self.slots = PrivateSlotMarket(chain, slots)
        self.slot_disputes = PrivateSlotDisputes(chain, slot_disputes)
        self.council = VerifierCouncil(chain, council)
        self.p256_verifier = p256_verifier
        self.ledger_domain = Domain("EnergyLedger", chain.chain_id, self.ledger.address)
        self.slots_domain = Domain("SlotMarket", chain.chain_id, self.slots.address)
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
        BadInput: another transaction of the deployer came in between.
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
    arguments: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "EnergyLedger": (EnergyLedger.constructor_types, [p.ledger(market, council)]),
        "PrivateSlotMarket": (
            PrivateSlotMarket.constructor_types,
            [p.slot_market(ledger, council, disputes)],
        ),
        "PrivateSlotDisputes": (PrivateSlotDisputes.constructor_types, [market, p.slots.day_slots]),
        "VerifierCouncil": (VerifierCouncil.constructor_types, [p.verifier_council(ledger, market)]),
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
