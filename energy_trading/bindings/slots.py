"""The slot market on one chain: a ledger of its own, the market, its disputes and its council."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from eth_abi.abi import encode

from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.slot_disputes import SlotDisputes
from energy_trading.bindings.slot_market import SlotMarket
from energy_trading.bindings.suite import DEFAULT_CREDIT
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
    SlotParameters,
    to_abi,
)

_E9: Final = 10**9
_HOUR: Final = 3600


@dataclass(frozen=True)
class SlotSuiteParameters:
    """Everything that is fixed when the contracts are deployed; the contracts check the ranges.

    With a coin worth one euro, one unit of account is a billionth of a euro.

    Args:
        owner: account of the DSO (distribution system operator); later the council itself.
        pkg: account of the PKG (private key generator).
        treasury: account that gets one half of every slash.
        founder: account that names the first members of the council.
        asset: ERC-20 to settle in, or the zero address for the native coin.
        unit: base units of the asset in one unit of account.
        credit: constants of the credit model.
        slot_seconds, turn_seconds, post_seconds, window_seconds, answer_seconds, retail, feed_in, pricing,
        fee, bond, ring: of `SlotParameters`.
        min_stake, slash, cluster_size, quorum, verifier_size, turn, unbonding, reseed: of
            `CouncilParameters`.
    """

    owner: str
    pkg: str
    treasury: str
    founder: str
    asset: str = ZERO_ADDRESS
    unit: int = _E9
    credit: CreditParameters = field(default=DEFAULT_CREDIT)
    slot_seconds: int = 900
    turn_seconds: int = 60
    post_seconds: int = 1680  # each of seven members leads four times, in four clusters
    window_seconds: int = 6 * _HOUR
    answer_seconds: int = 6 * _HOUR
    retail: int = 300_000  # 30 cents per kWh
    feed_in: int = 80_000  # 8 cents per kWh
    pricing: Pricing = Pricing.MID_RATE
    fee: int = 100_000  # a hundredth of a cent
    bond: int = _E9 // 10
    ring: int = 1024
    min_stake: int = 50 * _E9
    slash: int = 20 * _E9
    cluster_size: int = 7
    quorum: int = 5
    verifier_size: int = 7
    turn: int = 900
    unbonding: int = 7 * 24 * _HOUR
    reseed: int = 24 * _HOUR

    def slots(self, ledger: str, council: str, disputes: str) -> SlotParameters:
        """Return the constants of the market."""
        return SlotParameters(
            ledger, council, disputes, *(getattr(self, name) for name in SlotParameters.__abi__[3:])
        )

    def council(self, ledger: str, slot_market: str) -> CouncilParameters:
        """Return the constants of the council.

        Raises:
            BadInput: a member could take its stake back while a slot of its can be disputed.
        """
        longest = self.slot_seconds + self.post_seconds + self.window_seconds + self.answer_seconds
        if self.unbonding <= longest:
            raise BadInput(f"the unbonding time must exceed {longest} seconds, not be {self.unbonding}")
        own: list[Any] = [getattr(self, name) for name in CouncilParameters.__abi__[2:]]
        return CouncilParameters(ledger, slot_market, *own)


class SlotSuite:
    """The deployed contracts of one slot market.

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
        self.market = SlotMarket(chain, market)
        self.disputes = SlotDisputes(chain, disputes)
        self.council = VerifierCouncil(chain, council)
        self.p256_verifier = p256_verifier
        self.ledger_domain = Domain("EnergyLedger", chain.chain_id, self.ledger.address)
        self.market_domain = Domain("SlotMarket", chain.chain_id, self.market.address)
        self.council_domain = Domain("VerifierCouncil", chain.chain_id, self.council.address)


def slot_addresses(deployer: str, first_nonce: int) -> dict[str, str]:
    """Return where the contracts of a slot market will be, by name, in the order of their deployment.

    Args:
        deployer: account that will deploy them, one after the other.
        first_nonce: its nonce for the first.
    """
    from web3.types import Nonce
    from web3.utils.address import get_create_address

    names = ("EnergyLedger", "SlotMarket", "SlotDisputes", "VerifierCouncil", "P256Verifier")
    return {
        name: str(get_create_address(deployer, Nonce(first_nonce + i)))  # type: ignore[arg-type]
        for i, name in enumerate(names)
    }


def deploy_slots(
    chain: Chain,
    deployer: Sender,
    parameters: SlotSuiteParameters,
    say: Callable[[str], None] = lambda _: None,
) -> SlotSuite:
    """Deploy a ledger with a slot market, its disputes and its council.

    Args:
        chain: the chain to deploy on.
        deployer: the account that signs and pays; it has no power afterwards.
        parameters: what the deployment fixes for ever.
        say: receives a line of text for each contract.

    Raises:
        ContractRevert: a parameter is out of range.
        BadInput: the times do not fit together, or another transaction of the deployer came in between.
    """
    account = deployer if isinstance(deployer, str) else deployer.address
    at = slot_addresses(account, chain.next_nonce(account))
    ledger, market, disputes, council, _ = at.values()
    p = parameters
    arguments: dict[str, tuple[tuple[str, ...], list[Any]]] = {
        "EnergyLedger": (
            EnergyLedger.constructor_types,
            [
                LedgerParameters(
                    p.asset, p.unit, p.owner, p.pkg, p.treasury, [market, council], 86_400, p.credit
                )
            ],
        ),
        "SlotMarket": (SlotMarket.constructor_types, [p.slots(ledger, council, disputes)]),
        "SlotDisputes": (SlotDisputes.constructor_types, [market]),
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
    return SlotSuite(chain, *at.values())
