"""Zaman's workflows of Figs. 3 to 6, run: an admission, and what a cluster does with a seller and a buyer.

Every certificate, order, reading and result is signed and checked by the code that verifiers run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.bench.papers.findings import Finding, NotAsStated, Verdict, same_if
from energy_trading.bindings.suite import SuiteParameters
from energy_trading.council.admission import Application, check_candidate
from energy_trading.council.certificate_request import CertificateRequest
from energy_trading.council.council_authority import CouncilAuthority
from energy_trading.council.envelope import Envelope, Inbox, SignedTwice
from energy_trading.council.node_keys import NodeKeys
from energy_trading.council.verifier_set import VerifierSet
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import EnergyTradingError
from energy_trading.market.slots.book import HomeInSlot
from energy_trading.market.slots.messages import SignedOrder, SignedResult, SignedSlotReading
from energy_trading.market.slots.settlement import (
    ConditionBroken,
    SlotEntry,
    check_order,
    check_reading,
    check_settled,
    settle,
)
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.rules.slot_pool import unpack_rows
from energy_trading.types import ZERO_ADDRESS, Domain, Order, Reading

_CHAIN: Final = 31337
_NOW: Final = 1_614_600_000
_SLOT: Final = 1_794_000
_FUNDS: Final = 10**9
_DOMAIN: Final = Domain("SlotMarket", _CHAIN, "0x" + "11" * 20)
_PARAMETERS: Final = SuiteParameters(ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS).slot_market()


def _key(role: str) -> SecretKey:
    return SecretKey(keccak(text=f"Zaman's workflows: {role}"))


@dataclass(frozen=True)
class _Trader:
    owner: SecretKey
    meter: Secp256k1Meter

    def home(self, budget: int = _FUNDS) -> HomeInSlot:
        return HomeInSlot(self.owner.address, keccak(self.meter.signer), _FUNDS, False, 0, budget)

    def entry(self, net: int, by: Secp256k1Meter | None = None, max_spend: int = _FUNDS) -> SlotEntry:
        order = Order(self.owner.address, _SLOT, _SLOT, 300_000, 80_000, max_spend, 1)
        reading = Reading(self.owner.address, _SLOT, net)
        return SlotEntry(
            SignedOrder.sign(order, self.owner, _DOMAIN),
            SignedSlotReading.sign(reading, by or self.meter, _DOMAIN),
        )


def _declined(check: Callable[[], object]) -> ConditionBroken:
    try:
        check()
    except ConditionBroken as broken:
        return broken
    raise NotAsStated("the transaction is declined")


def _refused(check: Callable[[], object]) -> bool:
    try:
        check()
    except EnergyTradingError:
        return True
    return False


def workflow_findings() -> list[Finding]:
    """Run the workflows of Figs. 3 to 6, and return each beside the paper's.

    Raises:
        NotAsStated: a run took another course.

    Source:
        Z-2, Z-4, Z-7; Zaman Figs. 3 to 6.
    """
    return [_verification(), _validation(), _malicious_seller(), *_malicious_buyer()]


def _verification() -> Finding:
    """Fig. 3: the leader matches a joining request with its certificate, and the peers check the leader."""
    authority = CouncilAuthority.create(_key("CA"), "Fig. 3", _NOW, _NOW + 10**7)
    revocations = authority.revocation_list(_NOW, _NOW + 86_400)
    certified = []
    for i in range(4):
        account, node = _key(f"verifier {i}"), NodeKeys(_key(f"machine {i}"))
        request = CertificateRequest.make(
            f"Verifier {i}", _CHAIN, i, account, node, authority.hash, _NOW + 3600
        )
        certified.append((account, node, request, authority.issue(request, _NOW, _NOW + 10**6)))
    account, _, request, certificate = certified[3]
    joins = Application(_CHAIN, account.address, 3, certificate.hash)

    def check(application: Application) -> None:
        check_candidate(application, certificate, request, authority.pem, revocations, _NOW)

    check(joins)
    another = _refused(lambda: check(replace(joins, account=_key("somebody else").address)))
    elsewhere = _refused(lambda: check(replace(joins, feeder=2)))
    council = _key("council").address
    current = VerifierSet.of(council, 1, [certificate for _, _, _, certificate in certified[:3]])
    leader, node = certified[0][0].address, certified[0][1]
    inbox, caught = Inbox(current), False
    inbox.receive(Envelope.sign(current, leader, node.message, "block", 7, {"admit": [account.address]}))
    try:
        inbox.receive(Envelope.sign(current, leader, node.message, "block", 7, {"admit": []}))
    except SignedTwice:
        caught = True
    right = another and elsewhere and caught
    return Finding(
        "Z-2",
        "Fig. 3, verification of a new smart meter",
        "the leader matches request and certificate; peers accept one block of the turn's leader",
        "the candidate passes, its certificate does not serve another account or feeder, and a second block"
        " of one leader for one turn is refused with both as evidence"
        if right
        else "a wrong candidate or a second block passes",
        same_if(right),
        "quorum and turn are checked by the contract",
    )


def _traders() -> tuple[_Trader, _Trader, SecretKey]:
    seller, buyer = (_Trader(_key(r), Secp256k1Meter(_key(f"{r}'s meter"))) for r in ("seller", "buyer"))
    return seller, buyer, _key("leader")


def _validation() -> Finding:
    """Fig. 4: energy and money of one transaction, computed by the leader and again by each peer."""
    seller, buyer, leader = _traders()
    homes = [seller.home(), buyer.home()]
    entries = {0: seller.entry(700), 1: buyer.entry(-500)}
    settled = settle(_SLOT, homes, entries, _PARAMETERS, leader.address)
    signed = SignedResult.sign(settled.result, leader, _DOMAIN)
    for home, entry in zip(homes, entries.values(), strict=True):
        check_order(entry.order, home, _SLOT, _DOMAIN)
        check_reading(entry.reading, home, _SLOT, _DOMAIN, ZERO_ADDRESS)
    check_settled(settled, homes, entries, _PARAMETERS, signed, {})
    rows, price = unpack_rows(settled.rows)[:2], settled.result.price
    lie = replace(settled, result=replace(settled.result, price=price + 1))
    caught = _declined(lambda: check_settled(lie, homes, entries, _PARAMETERS, signed, {}))
    right = rows == [500, -500] and caught.who == leader.address
    return Finding(
        "Z-4",
        "Fig. 4, validation of a transaction",
        "the leader executes, the peers check energy and money (conditions 1 to 4); temporary, then final",
        f"500 of 700 Wh are sold at {price:,} units per Wh; a leader with another price is declined by"
        f" condition {caught.condition} and named"
        if right
        else "the peers come to something else",
        same_if(right),
        "energy and money do not pass through the leader; a slot is final after its window",
    )


def _malicious_seller() -> Finding:
    """Fig. 5: a seller states energy that its meter has not measured."""
    seller, _, _ = _traders()
    forged = seller.entry(9_000, Secp256k1Meter(_key("a meter of the seller's own")))
    broken = _declined(lambda: check_reading(forged.reading, seller.home(), _SLOT, _DOMAIN, ZERO_ADDRESS))
    right = broken.condition == 1 and broken.who == seller.owner.address
    return Finding(
        "Z-7",
        "Fig. 5, malicious seller",
        "declined at the execution stage as condition 1 fails; the seller is punished",
        f"a forged reading is declined by condition {broken.condition}, and the record names the seller with"
        " the evidence"
        if right
        else "a forged reading is not the seller's failure",
        same_if(right),
        "standing on chain falls only where a signature proves the fault",
    )


def _malicious_buyer() -> list[Finding]:
    """Fig. 6: a buyer orders more than it can pay, or with an order that it does not stand by."""
    seller, buyer, leader = _traders()
    poor = buyer.home(budget=100_000 + 190_000 * 100)
    entries = {0: seller.entry(700), 1: buyer.entry(-500, max_spend=2**64)}
    homes = [seller.home(), poor]
    rows = unpack_rows(settle(_SLOT, homes, entries, _PARAMETERS, leader.address).rows)[:2]
    revoked = replace(buyer.home(), min_nonce=2)
    broken = _declined(lambda: check_order(entries[1].order, revoked, _SLOT, _DOMAIN))
    declined = broken.condition == 2 and broken.who == buyer.owner.address
    return [
        Finding(
            "Z-7",
            "Fig. 6, malicious buyer, an order that is not good",
            "declined at the execution stage as condition 2 fails; the buyer is punished",
            f"a revoked order is declined by condition {broken.condition}, and the record names the buyer"
            if declined
            else "a revoked order counts",
            same_if(declined),
            "the standing on chain stays: to revoke an order is no fault",
        ),
        Finding(
            "Z-7",
            "Fig. 6, malicious buyer, no money",
            "declined at the execution stage as condition 2 fails",
            f"an order for 500 Wh with funds for 100 buys {-rows[1]} Wh; the rest is its supplier's",
            Verdict.DIFFERENT,
            "money is locked before the slot, so nobody can refuse to pay; one buyer's lack does not decline"
            " the slot of all",
        ),
    ]
