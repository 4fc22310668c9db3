"""The whole market on one chain: its parameters, its deployment, its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from eth_abi.abi import encode
from eth_utils.address import is_address, to_checksum_address

from energy_trading.bindings.contract import Contract, explain, to_abi
from energy_trading.bindings.energy_ledger import CreditParameters, EnergyLedger, LedgerParameters
from energy_trading.bindings.energy_lot import EnergyLot, LotParameters
from energy_trading.bindings.offer_market import MarketParameters, OfferMarket
from energy_trading.bindings.sealed_bid_auction import AuctionParameters, SealedBidAuction
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain, RevertData, Sender
from energy_trading.crypto.typed_data import Domain
from energy_trading.errors import BadInput

NATIVE: Final = "0x" + "00" * 20
_E9: Final = 10**9

#: One unit of account is 1e-9 of the coin; with a coin worth one euro, 10**6 units are a tenth of a cent.
DEFAULT_CREDIT: Final = CreditParameters(
    k1_e9=_E9,
    k2_e9=_E9,
    t1_e9=_E9,
    t2_e9=_E9,
    z0=200,  # Xia §4.2
    profit_e9=_E9 // 2,
    window=10,
    z_unit=10**6,  # z counts tenths of a cent: a quarter of an hour's trade of a home has z of 1 … 255
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
class SuiteParameters:
    """Everything that is fixed at deployment; the contracts check the ranges.

    Args:
        owner: DSO's account.
        pkg: PKG's account.
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
        bidders_bps: share of a forfeited auction guarantee that goes to the bidders.
        slot_seconds: length of the delivery slot of a lot.
    """

    owner: str
    pkg: str
    treasury: str
    asset: str = NATIVE
    unit: int = _E9
    epoch_seconds: int = 86_400
    credit: CreditParameters = field(default=DEFAULT_CREDIT)
    guarantee_bps: int = 10_000  # Nazari fig. 1: "Function Payment P1"
    fee_bps: int = 0
    cancel_bps: int = 500
    penalty_bps: int = 2_000
    tolerance_bps: int = 1_000
    max_duration: int = 7 * 86_400
    bidders_bps: int = 5_000
    slot_seconds: int = 900


class Suite:
    """The deployed contracts of one market.

    Args:
        chain: where they live.
        ledger: address of the EnergyLedger.
        market: address of the OfferMarket.
        auction: address of the SealedBidAuction.
        lots: address of the EnergyLot.
        p256_verifier: address of the verifier that P-256 meters name.
    """

    def __init__(
        self, chain: Chain, ledger: str, market: str, auction: str, lots: str, p256_verifier: str
    ) -> None:
        self.chain = chain
        self.ledger = EnergyLedger(chain, ledger)
        self.market = OfferMarket(chain, market)
        self.auction = SealedBidAuction(chain, auction)
        self.lots = EnergyLot(chain, lots)
        self.p256_verifier = to_checksum_address(p256_verifier)
        self.ledger_domain = Domain("EnergyLedger", chain.chain_id, self.ledger.address)
        self.market_domain = Domain("OfferMarket", chain.chain_id, self.market.address)
        self.auction_domain = Domain("SealedBidAuction", chain.chain_id, self.auction.address)
        self.lots_domain = Domain("EnergyLot", chain.chain_id, self.lots.address)

    def record(self) -> dict[str, Any]:
        """Return the deployment record: chain, addresses, parameters as the contracts hold them."""
        return {
            "chain_id": self.chain.chain_id,
            "contracts": {
                "EnergyLedger": self.ledger.address,
                "OfferMarket": self.market.address,
                "SealedBidAuction": self.auction.address,
                "EnergyLot": self.lots.address,
                "P256Verifier": self.p256_verifier,
            },
            "asset": self.ledger.asset(),
            "unit": self.ledger.unit(),
            "treasury": self.ledger.treasury(),
            "epoch_seconds": self.ledger.epoch_seconds(),
            "credit": asdict(self.ledger.credit_parameters()),
            "market": asdict(self.market.market_parameters()),
            "auction": asdict(self.auction.auction_parameters()),
            "lots": asdict(self.lots.lot_parameters()),
            "compiler": artifacts.build(),
        }

    @classmethod
    def from_record(cls, chain: Chain, record: Mapping[str, Any]) -> Suite:
        """Open a deployed suite.

        Raises:
            BadInput: the record is for another chain, lacks an address, or there is no such market there.
        """
        if record.get("chain_id") != chain.chain_id:
            raise BadInput(f"record: given chain {record.get('chain_id')}, allowed {chain.chain_id}")
        named = record.get("contracts", {})
        for name in ("EnergyLedger", "OfferMarket", "SealedBidAuction", "EnergyLot", "P256Verifier"):
            if not is_address(named.get(name, "")):
                raise BadInput(f"record: given {named.get(name)!r} for {name}, allowed an address")
        suite = cls(
            chain,
            named["EnergyLedger"],
            named["OfferMarket"],
            named["SealedBidAuction"],
            named["EnergyLot"],
            named["P256Verifier"],
        )
        suite.check()
        return suite

    def check(self) -> None:
        """See that the contracts name each other.

        Raises:
            BadInput: they do not, or have no code.
        """
        for market in (self.market, self.auction, self.lots):
            if not self.ledger.is_market(market.address):
                raise BadInput(f"market: given {market}, which {self.ledger} does not name")
        named = self.market.market_parameters()
        auction = self.auction.auction_parameters()
        lots = self.lots.lot_parameters()
        if {named.ledger, auction.ledger, lots.ledger} != {self.ledger.address}:
            raise BadInput(f"ledger: given {self.ledger}, which its markets do not name")
        if (named.auction, auction.market) != (self.auction.address, self.market.address):
            raise BadInput(f"auction: given {self.auction}, which {self.market} does not name")
        if lots.market != self.market.address:
            raise BadInput(f"market: given {self.market}, which {self.lots} does not name")


def deploy(
    chain: Chain, deployer: Sender, parameters: SuiteParameters, say: Callable[[str], None] = lambda _: None
) -> Suite:
    """Deploy the contracts and see that they fit together.

    The ledger names its markets for ever, and a market its ledger; so the market's address is computed
    from the deployer's next nonces (yellow paper §7) before it exists.

    Args:
        chain: where to.
        deployer: signs and pays; has no power afterwards.
        parameters: what is fixed for ever.
        say: told one line per contract.

    Raises:
        ContractRevert: a parameter is out of range (`Outside`) or an address is zero.
        BadInput: another transaction of the deployer came in between; deploy again.
    """
    from web3.types import Nonce
    from web3.utils.address import get_create_address

    p = parameters
    address = deployer if isinstance(deployer, str) else deployer.address
    nonce = chain.web3.eth.get_transaction_count(to_checksum_address(address))
    market_address, auction_address, lots_address = (
        get_create_address(to_checksum_address(address), Nonce(nonce + place)) for place in (1, 2, 3)
    )
    ledger = _create(
        chain,
        deployer,
        EnergyLedger,
        LedgerParameters(
            p.asset,
            p.unit,
            p.owner,
            p.pkg,
            p.treasury,
            [market_address, auction_address, lots_address],
            p.epoch_seconds,
            p.credit,
        ),
        say,
    )
    market = _create(
        chain,
        deployer,
        OfferMarket,
        MarketParameters(
            ledger,
            p.guarantee_bps,
            p.fee_bps,
            p.cancel_bps,
            p.penalty_bps,
            p.tolerance_bps,
            p.max_duration,
            auction_address,
        ),
        say,
    )
    auction = _create(
        chain,
        deployer,
        SealedBidAuction,
        AuctionParameters(ledger, market, p.bidders_bps, p.max_duration),
        say,
    )
    lots = _create(chain, deployer, EnergyLot, LotParameters(ledger, market, p.slot_seconds), say)
    verifier, receipt = chain.deploy(artifacts.load("P256Verifier").bytecode, deployer)
    say(f"P256Verifier at {verifier} ({receipt['gasUsed']:,} gas)")
    suite = Suite(chain, ledger, market, auction, lots, verifier)
    suite.check()
    return suite


def _create(
    chain: Chain, deployer: Sender, kind: type[Contract], parameters: object, say: Callable[[str], None]
) -> str:
    code = artifacts.load(kind.name).bytecode + encode(kind.constructor_types, [to_abi(parameters)])
    try:
        address, receipt = chain.deploy(code, deployer)
    except RevertData as error:
        raise explain(error) from None
    say(f"{kind.name} at {address} ({receipt['gasUsed']:,} gas)")
    return address
