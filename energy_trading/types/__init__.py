"""The vocabulary of the contracts, written by scripts/generate_bindings.py: do not edit."""

from energy_trading.types.auction import AuctionParameters, AuctionState, AuctionTerms, Quote, RelayedQuote
from energy_trading.types.domain import Domain
from energy_trading.types.energy import PLAIN_ENERGY_LIMIT, Energy
from energy_trading.types.ledger import (
    AccountAttestation,
    AccountView,
    Cause,
    CreditParameters,
    LedgerParameters,
    Outcome,
    Settlement,
)
from energy_trading.types.limits import (
    AWARD_NONCE,
    BPS,
    MAX_LOT_WH,
    MAX_LOTS,
    MAX_SLOT_START,
    MAX_UNITS,
    SIGNED_NONCE,
    WH_PER_KWH,
    ZERO_ADDRESS,
)
from energy_trading.types.lot import (
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    InjectionReading,
    LotParameters,
    LotState,
    LotView,
    Permit,
)
from energy_trading.types.roles import Role
from energy_trading.types.structs import Message, Struct, to_abi
from energy_trading.types.trade import (
    Acceptance,
    Delivery,
    DeliveryFault,
    MarketParameters,
    Receipt,
    ReceiptKey,
    Terms,
    TradeState,
)

__all__ = [
    "AWARD_NONCE",
    "BPS",
    "MAX_LOTS",
    "MAX_LOT_WH",
    "MAX_SLOT_START",
    "MAX_UNITS",
    "PLAIN_ENERGY_LIMIT",
    "SIGNED_NONCE",
    "WH_PER_KWH",
    "ZERO_ADDRESS",
    "Acceptance",
    "AccountAttestation",
    "AccountView",
    "AuctionParameters",
    "AuctionState",
    "AuctionTerms",
    "Cause",
    "CreditParameters",
    "Delivery",
    "DeliveryFault",
    "Domain",
    "Energy",
    "ExchangeAcceptance",
    "ExchangePermit",
    "Injection",
    "InjectionReading",
    "LedgerParameters",
    "LotParameters",
    "LotState",
    "LotView",
    "MarketParameters",
    "Message",
    "Outcome",
    "Permit",
    "Quote",
    "Receipt",
    "ReceiptKey",
    "RelayedQuote",
    "Role",
    "Settlement",
    "Struct",
    "Terms",
    "TradeState",
    "to_abi",
]
