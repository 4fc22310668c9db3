"""The whole market on one chain: its parameters, its contracts and their deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Final, TypeVar

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from energy_trading.bindings.contract import Contract, explain
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.energy_lot import EnergyLot
from energy_trading.bindings.offer_market import OfferMarket
from energy_trading.bindings.relay_desk import RelayDesk
from energy_trading.bindings.sealed_bid_auction import MarketWithoutCode, SealedBidAuction
from energy_trading.bindings.slot_disputes import SlotDisputes
from energy_trading.bindings.slot_market import SlotMarket
from energy_trading.bindings.verifier_council import VerifierCouncil
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain, RevertData, Sender
from energy_trading.errors import BadInput
from energy_trading.types import (
    ZERO_ADDRESS,
    AuctionParameters,
    CouncilParameters,
    CreditParameters,
    Domain,
    LedgerParameters,
    LotParameters,
    MarketParameters,
    Pricing,
    SlotParameters,
    to_abi,
)

_E9: Final = 10**9
_HOUR: Final = 3600

#: One unit of account is 1e-9 of the coin; with a coin worth one euro, 10**6 units are a tenth of a cent.
DEFAULT_CREDIT: Final = CreditParameters(
    k1_e9=_E9,
    k2_e9=_E9,
    t1_e9=_E9,
    t2_e9=_E9,
    z0=200,  # Xia §4.2
    profit_e9=_E9 // 2,
    window=10,
    z_unit=10**6,  # z counts tenths of a cent; what a home trades in a quarter of an hour has a z of 1 … 255
    floor_e9=_E9,
    ceiling_e9=100 * _E9,
    withdrawal_e9=_E9 // 20,
    grace_defaults=2,
    ban_unit=86_400,
    max_ban=365 * 86_400,
    open_base=10 * _E9,  # ten euros of guarantee for a new seller
    open_per_credit=10 * _E9,
)


@dataclass(frozen=True)
class SlotSettings:
    """Constants of the slot market, each as in `SlotParameters`. A slot is as long as a lot's.

    Args:
        turn_seconds, post_seconds, window_seconds, answer_seconds: its times, in seconds.
        retail, feed_in: the two tariffs, units of account per Wh.
        pricing: how the price is made.
        fee, bond: units of account.
        ring: how many slots can be under way.
    """

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


@dataclass(frozen=True)
class CouncilSettings:
    """Constants of the verifier council, each as in `CouncilParameters`.

    Args:
        founder: account that names the first members; the zero address stands for the suite's owner.
        min_stake, slash: units of account.
        cluster_size, quorum, verifier_size: members.
        turn, unbonding, reseed: seconds.
    """

    founder: str = ZERO_ADDRESS
    min_stake: int = 50 * _E9
    slash: int = 20 * _E9
    cluster_size: int = 7
    quorum: int = 5
    verifier_size: int = 7
    turn: int = 900
    unbonding: int = 7 * 24 * _HOUR
    reseed: int = 24 * _HOUR


_S = TypeVar("_S", SlotSettings, CouncilSettings)


@dataclass(frozen=True)
class SuiteParameters:
    """Everything that is fixed when the contracts are deployed; the contracts check the ranges.

    Args:
        owner: account of the DSO (distribution system operator).
        pkg: account of the PKG (private key generator).
        treasury: account that gets fees and cut guarantees.
        asset: ERC-20 to settle in, or the zero address for the native coin.
        unit: base units of the asset in one unit of account.
        epoch_seconds: length of an epoch of one-time keys.
        credit: constants of the credit model.
        guarantee_bps: guarantee as a share of the price, in hundredths of a per cent.
        fee_bps: share of what the seller is paid that goes to the treasury.
        cancel_bps: share of the guarantee kept on withdrawal before expiry.
        penalty_bps: share of the guarantee kept for energy not delivered.
        tolerance_bps: share of the energy that may be missing before it is a default.
        max_duration: longest time from an offer to its deliver_by, in seconds.
        reply_time: seconds after deliver_by in which a receipt counts once the seller's meter has testified.
        bidders_bps: share of a forfeited auction guarantee that goes to the bidders.
        slot_seconds: length of a slot, both of a lot's and of the slot market's.
        min_settle_window: shortest time that an auction leaves to settle it, in seconds.
        min_pay_window: shortest time that an auction leaves its winners to pay, in seconds.
        quote_fee: what a sealed quote costs beside its gas, in wei of the chain's native coin.
        settler_bps: share of that fee that goes to whoever settles the quote.
        slots: constants of the slot market.
        council: constants of the verifier council.

    Raises:
        BadInput: a verifier could take its stake back while a slot of its can still be disputed.
    """

    owner: str
    pkg: str
    treasury: str
    asset: str = ZERO_ADDRESS
    unit: int = _E9
    epoch_seconds: int = 86_400
    credit: CreditParameters = field(default=DEFAULT_CREDIT)
    guarantee_bps: int = 10_000  # Nazari fig. 1: "Function Payment P1"
    fee_bps: int = 0
    cancel_bps: int = 500
    penalty_bps: int = 2_000
    tolerance_bps: int = 1_000
    max_duration: int = 7 * 86_400
    reply_time: int = 86_400
    bidders_bps: int = 5_000
    slot_seconds: int = 900
    min_settle_window: int = 600
    min_pay_window: int = 600
    quote_fee: int = 20_000 * 10**9
    settler_bps: int = 5_000
    slots: SlotSettings = field(default=SlotSettings())
    council: CouncilSettings = field(default=CouncilSettings())

    def __post_init__(self) -> None:
        if self.council.founder == ZERO_ADDRESS:
            object.__setattr__(self, "council", replace(self.council, founder=self.owner))
        slots = self.slots
        longest = self.slot_seconds + slots.post_seconds + slots.window_seconds + slots.answer_seconds
        if self.council.unbonding <= longest:
            raise BadInput(
                f"council.unbonding must exceed {longest} seconds, the time in which a slot can be disputed,"
                f" not be {self.council.unbonding}"
            )

    def slot_market(
        self, ledger: str = ZERO_ADDRESS, council: str = ZERO_ADDRESS, disputes: str = ZERO_ADDRESS
    ) -> SlotParameters:
        """Return the constants of the slot market, for its constructor or, without addresses, for the rules.

        Args:
            ledger: address of the EnergyLedger.
            council: address of the VerifierCouncil.
            disputes: address of the SlotDisputes.
        """
        return SlotParameters(ledger, council, disputes, self.slot_seconds, **vars(self.slots))

    def verifier_council(
        self, ledger: str = ZERO_ADDRESS, slot_market: str = ZERO_ADDRESS
    ) -> CouncilParameters:
        """Return the constants of the council, for its constructor or, without addresses, for the rules.

        Args:
            ledger: address of the EnergyLedger.
            slot_market: address of the SlotMarket.
        """
        return CouncilParameters(ledger, slot_market, **vars(self.council))

    def market(self, ledger: str = ZERO_ADDRESS, auction: str = ZERO_ADDRESS) -> MarketParameters:
        """Return the constants of the market, for its constructor or, without addresses, for the rules.

        Args:
            ledger: address of the EnergyLedger.
            auction: address of the SealedBidAuction, whose awards become trades.
        """
        return MarketParameters(
            ledger,
            self.guarantee_bps,
            self.fee_bps,
            self.cancel_bps,
            self.penalty_bps,
            self.tolerance_bps,
            self.max_duration,
            self.reply_time,
            auction,
        )


class Suite:
    """The deployed contracts of one market.

    Args:
        chain: where they live.
        ledger: address of the EnergyLedger.
        market: address of the OfferMarket.
        auction: address of the SealedBidAuction.
        lots: address of the EnergyLot.
        p256_verifier: address of the verifier that P-256 meters name.
        slots: address of the SlotMarket.
        slot_disputes: address of its SlotDisputes.
        council: address of the VerifierCouncil.
    """

    def __init__(
        self,
        chain: Chain,
        ledger: str,
        market: str,
        auction: str,
        lots: str,
        p256_verifier: str,
        slots: str = ZERO_ADDRESS,
        slot_disputes: str = ZERO_ADDRESS,
        council: str = ZERO_ADDRESS,
    ) -> None:
        self.chain = chain
        self.ledger = EnergyLedger(chain, ledger)
        self.market = OfferMarket(chain, market)
        self.desk = RelayDesk(chain, desk_of(market))
        self.auction = SealedBidAuction(chain, auction)
        self.lots = EnergyLot(chain, lots)
        self.p256_verifier = to_checksum_address(p256_verifier)
        self.slots = SlotMarket(chain, slots)
        self.slot_disputes = SlotDisputes(chain, slot_disputes)
        self.council = VerifierCouncil(chain, council)
        self.ledger_domain = Domain("EnergyLedger", chain.chain_id, self.ledger.address)
        self.market_domain = Domain("OfferMarket", chain.chain_id, self.market.address)
        self.desk_domain = Domain("RelayDesk", chain.chain_id, self.desk.address)
        self.auction_domain = Domain("SealedBidAuction", chain.chain_id, self.auction.address)
        self.lots_domain = Domain("EnergyLot", chain.chain_id, self.lots.address)
        self.slots_domain = Domain("SlotMarket", chain.chain_id, self.slots.address)
        self.council_domain = Domain("VerifierCouncil", chain.chain_id, self.council.address)

    @classmethod
    def at(cls, chain: Chain, addresses: Mapping[str, str]) -> Suite:
        """Return the suite of the contracts at the given addresses, by name, one for each of `PARTS`."""
        return cls(chain, *(addresses[part.name] for part in PARTS))

    @property
    def addresses(self) -> dict[str, str]:
        """Addresses of the contracts by name, one for each of `PARTS`."""
        parts = (
            self.ledger,
            self.market,
            self.auction,
            self.lots,
            self.slots,
            self.slot_disputes,
            self.council,
        )
        found = {"P256Verifier": self.p256_verifier, **{c.name: c.address for c in parts}}
        return {part.name: found[part.name] for part in PARTS}

    @property
    def markets(self) -> tuple[str, ...]:
        """Addresses of the contracts that log events, the ledger first."""
        contracts = self.ledger, self.market, self.desk, self.auction, self.lots, self.slots, self.council
        return tuple(contract.address for contract in contracts)

    def parameters(self) -> SuiteParameters:
        """Return the parameters that the contracts hold now; the owner may have changed `owner` and `pkg`."""
        market, auction = self.market.market_parameters(), self.auction.auction_parameters()
        return SuiteParameters(
            owner=self.ledger.owner(),
            pkg=self.ledger.pkg(),
            treasury=self.ledger.treasury(),
            asset=self.ledger.asset(),
            unit=self.ledger.unit(),
            epoch_seconds=self.ledger.epoch_seconds(),
            credit=self.ledger.credit_parameters(),
            **{name: value for name, value in vars(market).items() if name not in ("ledger", "auction")},
            bidders_bps=auction.bidders_bps,
            slot_seconds=self.lots.lot_parameters().slot_seconds,
            min_settle_window=auction.min_settle_window,
            min_pay_window=auction.min_pay_window,
            quote_fee=auction.quote_fee,
            settler_bps=auction.settler_bps,
            slots=_settings(SlotSettings, self.slots.slot_parameters()),
            council=_settings(CouncilSettings, self.council.council_parameters()),
        )

    def check(self) -> None:
        """Check that the contracts name each other.

        Raises:
            BadInput: they do not, or an address has no code.
        """
        for market in (self.market, self.auction, self.lots, self.slots, self.council):
            if not self.ledger.is_market(market.address):
                raise BadInput(f"{self.ledger} does not name {market} as a market")
        named = self.market.market_parameters()
        auction = self.auction.auction_parameters()
        lots = self.lots.lot_parameters()
        if {named.ledger, auction.ledger, lots.ledger} != {self.ledger.address}:
            raise BadInput(f"not every market names {self.ledger} as its ledger")
        if (named.auction, auction.market) != (self.auction.address, self.market.address):
            raise BadInput(f"{self.market} and {self.auction} do not name each other")
        if (self.market.desk(), self.desk.market()) != (self.desk.address, self.market.address):
            raise BadInput(f"{self.market} and its relay desk {self.desk} do not name each other")
        if lots.market != self.market.address:
            raise BadInput(f"{self.lots} does not name {self.market} as its market")
        slots, council = self.slots.slot_parameters(), self.council.council_parameters()
        if {slots.ledger, council.ledger} != {self.ledger.address}:
            raise BadInput(f"{self.slots} and {self.council} do not both name {self.ledger} as their ledger")
        if (slots.council, council.slot_market) != (self.council.address, self.slots.address):
            raise BadInput(f"{self.slots} and {self.council} do not name each other")
        if (slots.disputes, self.slot_disputes.market()) != (self.slot_disputes.address, self.slots.address):
            raise BadInput(f"{self.slots} and {self.slot_disputes} do not name each other")
        if slots.slot_seconds != lots.slot_seconds:
            raise BadInput(
                f"a slot is {slots.slot_seconds} seconds long in {self.slots} and {lots.slot_seconds} in"
                f" {self.lots}"
            )


def _settings(kind: type[_S], parameters: object) -> _S:
    """Return those constants of a contract that are not addresses of other contracts."""
    return kind(**{each.name: getattr(parameters, each.name) for each in fields(kind)})


def desk_of(market: str) -> str:
    """Return the address of a market's relay desk, the one contract that the market ever creates.

    Source:
        Yellow paper §7 (address of a new account), EIP-161 (the first nonce of a contract is 1).
    """
    from web3.types import Nonce
    from web3.utils.address import get_create_address

    return str(get_create_address(to_checksum_address(market), Nonce(1)))


@dataclass(frozen=True)
class Part:
    """A contract of the suite; its constructor may call only the parts before it.

    Args:
        name: name of the artifact.
        types: ABI types of the constructor's arguments.
        argument: makes the constructor's one argument from the parameters and the addresses of all parts by
            name; None if it takes no argument.
    """

    name: str
    types: tuple[str, ...] = ()
    argument: Callable[[SuiteParameters, Mapping[str, str]], object] | None = None


def _part(kind: type[Contract], argument: Callable[[SuiteParameters, Mapping[str, str]], object]) -> Part:
    return Part(kind.name, kind.constructor_types, argument)


#: The parts in the order of deployment, which is that of the deployer's nonces and of `Suite`'s arguments.
PARTS: Final = (
    _part(
        EnergyLedger,
        lambda p, at: LedgerParameters(
            p.asset,
            p.unit,
            p.owner,
            p.pkg,
            p.treasury,
            # The first ones are found with the least gas.
            [
                at[name]
                for name in ("OfferMarket", "SealedBidAuction", "EnergyLot", "SlotMarket", "VerifierCouncil")
            ],
            p.epoch_seconds,
            p.credit,
        ),
    ),
    _part(OfferMarket, lambda p, at: p.market(at["EnergyLedger"], at["SealedBidAuction"])),
    _part(
        SealedBidAuction,
        lambda p, at: AuctionParameters(
            at["EnergyLedger"],
            at["OfferMarket"],
            p.bidders_bps,
            p.min_settle_window,
            p.min_pay_window,
            p.quote_fee,
            p.settler_bps,
            p.max_duration,
        ),
    ),
    _part(EnergyLot, lambda p, at: LotParameters(at["EnergyLedger"], at["OfferMarket"], p.slot_seconds)),
    Part("P256Verifier"),
    _part(
        SlotMarket,
        lambda p, at: p.slot_market(at["EnergyLedger"], at["VerifierCouncil"], at["SlotDisputes"]),
    ),
    _part(SlotDisputes, lambda _, at: at["SlotMarket"]),
    _part(VerifierCouncil, lambda p, at: p.verifier_council(at["EnergyLedger"], at["SlotMarket"])),
)


@dataclass(frozen=True)
class Creation:
    """One transaction of a deployment.

    Args:
        name: name of the contract.
        nonce: the deployer's nonce.
        address: the address that the contract will have.
        arguments: encoded constructor arguments.
        code: creation code, with the arguments at its end.
    """

    name: str
    nonce: int
    address: str
    arguments: bytes
    code: bytes


class NonceTaken(BadInput):
    """Another transaction of the deployer took the place of one of the deployment.

    Args:
        deployer: the deployer's account.
        creation: the transaction that has lost its place.
    """

    def __init__(self, deployer: str, creation: Creation) -> None:
        super().__init__(
            f"nonce {creation.nonce} went to another transaction of {deployer} and not to the creation of"
            f" {creation.name}; the deployment has to start again"
        )
        self.deployer = deployer
        self.creation = creation


def plan(deployer: str, first_nonce: int, parameters: SuiteParameters) -> list[Creation]:
    """Work out a whole deployment before anything is sent.

    The ledger names its markets for ever, and each market its ledger. Therefore all addresses are computed
    from the deployer's nonces before the contracts exist.

    Args:
        deployer: the account that will sign.
        first_nonce: the deployer's nonce for the first contract.
        parameters: what the deployment fixes for ever.

    Returns:
        The transactions, in the order in which they are to be sent.

    Source:
        Yellow paper §7 (address of a new account).
    """
    from web3.types import Nonce
    from web3.utils.address import get_create_address

    account = to_checksum_address(deployer)
    at = {part.name: str(get_create_address(account, Nonce(first_nonce + i))) for i, part in enumerate(PARTS)}
    creations = []
    for i, part in enumerate(PARTS):
        values = [] if part.argument is None else [to_abi(part.argument(parameters, at))]
        arguments = encode(part.types, values)
        code = artifacts.load(part.name).bytecode + arguments
        creations.append(Creation(part.name, first_nonce + i, at[part.name], arguments, code))
    return creations


def deploy(
    chain: Chain,
    deployer: Sender,
    parameters: SuiteParameters,
    say: Callable[[str], None] = lambda _: None,
    first_nonce: int | None = None,
) -> Suite:
    """Deploy the contracts, or those of them that are missing, and check that they fit together.

    Args:
        chain: the chain to deploy on.
        deployer: the account that signs and pays; it has no power afterwards.
        parameters: what the deployment fixes for ever.
        say: receives a line of text for each contract.
        first_nonce: the first nonce of the deployment to resume; None begins a new one.

    Returns:
        The suite.

    Raises:
        ContractRevert: a parameter is out of range (`Outside`) or an address is zero; nothing was sent.
        NonceTaken: another transaction of the deployer came in between; begin a new deployment.
        NodeError: the node cannot be reached, or it refused a transaction (`NotEnoughMoney`); resume with the
            same `first_nonce`.
    """
    address = deployer if isinstance(deployer, str) else deployer.address
    nonce = chain.next_nonce(address)
    creations = plan(address, nonce if first_nonce is None else first_nonce, parameters)
    try:
        for creation in creations:
            if nonce <= creation.nonce:
                _rehearse(chain, creation, address)
        for creation in creations:
            if chain.next_nonce(address) != creation.nonce:
                if not is_deployed(chain, creation.name, creation.address):
                    raise NonceTaken(address, creation)
                say(f"{creation.name} at {creation.address} (already there)")
                continue
            made, receipt = chain.deploy(creation.code, deployer)
            if made != creation.address:
                raise NonceTaken(address, creation)
            say(f"{creation.name} at {made} ({receipt['gasUsed']:,} gas)")
    except RevertData as error:
        raise explain(error) from None
    suite = Suite.at(chain, {creation.name: creation.address for creation in creations})
    suite.check()
    return suite


def _rehearse(chain: Chain, creation: Creation, deployer: str) -> None:
    """Run a constructor without sending it; the market that an auction asks in turn may still be missing."""
    try:
        chain.call(None, creation.code, deployer)
    except RevertData as error:
        if not isinstance(explain(error), MarketWithoutCode):
            raise


def is_deployed(chain: Chain, name: str, address: str) -> bool:
    """Return whether the code at an address is that of a contract, whatever its immutables are."""
    artifact = artifacts.load(name)
    code = bytearray(chain.code(address))
    for start, size in artifact.immutable_references:
        code[start : start + size] = bytes(size)
    return bytes(code) == artifact.deployed_bytecode
