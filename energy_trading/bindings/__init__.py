"""Typed contracts: their calls, their events as records, and their errors as exceptions."""

from energy_trading.bindings import (
    energy_ledger,
    energy_lot,
    offer_market,
    relay_desk,
    sealed_bid_auction,
    slot_disputes,
    slot_market,
    verifier_council,
)
from energy_trading.bindings.contract import (
    Call,
    Contract,
    ContractRevert,
    Event,
    Panic,
    Reverted,
    Sent,
    UnknownRevert,
    read_events,
)
from energy_trading.bindings.energy_ledger import EnergyLedger
from energy_trading.bindings.energy_lot import EnergyLot
from energy_trading.bindings.offer_market import OfferMarket
from energy_trading.bindings.private_slot_disputes import PrivateSlotDisputes
from energy_trading.bindings.private_slot_market import PrivateSlotMarket
from energy_trading.bindings.private_slots import (
    PrivateSettings,
    PrivateSuite,
    PrivateSuiteParameters,
    deploy_private_slots,
)
from energy_trading.bindings.relay_desk import RelayDesk
from energy_trading.bindings.sealed_bid_auction import SealedBidAuction
from energy_trading.bindings.slot_disputes import SlotDisputes
from energy_trading.bindings.slot_market import SlotMarket
from energy_trading.bindings.suite import CouncilSettings, SlotSettings, Suite, SuiteParameters, deploy
from energy_trading.bindings.verifier_council import VerifierCouncil
