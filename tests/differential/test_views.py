"""Every view of every contract gives the same answer as the rules, or the same refusal."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import ContractRevert
from energy_trading.bindings.energy_lot import EnergyLot
from energy_trading.bindings.suite import PARTS
from energy_trading.chain import artifacts
from energy_trading.meter.signers import P256Meter
from energy_trading.rules.ledger import Refused
from energy_trading.rules.signers import is_p256
from energy_trading.types import ZERO_ADDRESS, Acceptance, AuctionTerms, Domain, Energy, Terms
from tests.differential.revm import pyrevm
from tests.stateful.auction_calls import AuctionCalls
from tests.stateful.lot_calls import LotCalls
from tests.stateful.machine import Machine

EXAMPLES, STEPS, EVERY = 10, 60, 6
INTERFACES = {"01ffc9a7", "80ac58cd", "5b5e139f", "5604e225", "84b0196e"}


class Draw:
    """What views are asked about: what there is in a market, what nobody has heard of, and limits."""

    def __init__(self, machine: Machine, draw: random.Random) -> None:
        self.machine, self.random = machine, draw

    def of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def word(self) -> bytes:
        return self.of(bytes(32), b"\xff" * 32, self.random.randbytes(32))

    def number(self) -> int:
        return self.of(0, 1, 2, 3, 2**64 - 1, 2**64, 2**256 - 1, self.random.getrandbits(256))

    def address(self) -> str:
        suite, people = self.machine.world.suite, [key.address for key in self.machine.people]
        return self.of(
            *people * 3, ZERO_ADDRESS, *suite.markets, to_checksum_address(self.random.randbytes(20))
        )

    def role(self) -> int:
        return self.of(0, 1, 2, 3, 1, 2, 3, 4, 5, 7, 8, 9, 11, 16, 17, 24, 255, 256, 2**255, 2**256 - 1)

    def trade(self) -> bytes:
        return self.of(self.word(), *self.machine.rules.market.trades)

    def auction(self) -> bytes:
        return self.of(self.word(), *self.machine.rules.auction.auctions)

    def lot(self) -> int:
        return self.of(self.number(), *[*self.machine.rules.lots.lots] * 2)

    def terms(self) -> Terms:
        energy = Energy(self.word())
        return Terms(self.address(), self.address(), energy, *(self.number() for _ in range(4)))

    def auction_terms(self) -> AuctionTerms:
        """Terms of every kind; products of their numbers fit into 256 bits, or the chain would panic."""
        values: list[Any] = []
        for kind in AuctionTerms.ABI[1:-1].split(","):
            small = [self.random.getrandbits(self.of(1, 10, 40, 80)) for _ in range(self.of(0, 1, 3))]
            number = self.random.getrandbits(self.of(1, 10, 64, 120))
            values.append({"address": self.address(), "uint256": number, "uint256[]": small}[kind])
        return AuctionTerms(*values)

    def lots_signature(self) -> tuple[bytes, bytes, bytes]:
        """A question to the lots whether a buyer accepted: right, or wrong in one place."""
        buyer, trade_id = self.address(), self.trade()
        accepted = self.machine.rules.market.domain.digest(Acceptance(trade_id, buyer))
        key = self.of(*[bytes.fromhex(buyer[2:])] * 3, b"", b"\1" * 21)
        return key, self.of(accepted, accepted, self.word()), self.of(trade_id, trade_id, b"", trade_id[:31])

    def p256(self) -> tuple[bytes, bytes, bytes]:
        meter = P256Meter(ec.derive_private_key(self.of(5, 6), ec.SECP256R1()), "0x" + "7a" * 20)
        digest, key = self.word(), meter.signer[20:]
        signature = self.of(meter.sign(digest), bytes(64), b"", meter.sign(digest) + b"\1")
        return self.of(key, key, key[:63], bytes(64)), digest, signature


def selector(name: str) -> bytes:
    return keccak(text=name)[:4]


def stated(domain: Domain) -> tuple[Any, ...]:
    """The domain as a contract states it (ERC-5267)."""
    return (b"\x0f", domain.name, "1", domain.chain_id, domain.verifying_contract, bytes(32), ())


def unminted_is_refused(rules: Any, lot: int, answer: Any) -> Any:
    rules.lots.owner_of(lot)
    return answer


#: of each contract: what draws the arguments of a view, and what the rules answer to them
VIEWS: dict[str, dict[str, tuple[Callable[[Draw], tuple[Any, ...]], Callable[..., Any]]]] = {
    "EnergyLedger": {
        "ASSET": (lambda d: (), lambda r: r.ledger.token.address if r.ledger.token else ZERO_ADDRESS),
        "EPOCH_SECONDS": (lambda d: (), lambda r: r.ledger.epoch_seconds),
        "TREASURY": (lambda d: (), lambda r: r.ledger.treasury),
        "UNIT": (lambda d: (), lambda r: r.ledger.unit),
        "accountOf": (lambda d: (d.address(),), lambda r, a: r.ledger.account_of(a)),
        "creditParameters": (lambda d: (), lambda r: r.ledger.constants),
        "currentKeyRoot": (
            lambda d: (d.of(d.machine.chain.now() // 3600, d.machine.chain.now() // 3600 - 1, d.number()),),
            lambda r, epoch, now: r.ledger.current_key_root(epoch, now),
        ),
        "eip712Domain": (lambda d: (), lambda r: stated(r.ledger.domain)),
        "isMarket": (lambda d: (d.address(),), lambda r, a: r.ledger.is_market(a)),
        "mayCommit": (
            lambda d: (d.address(), d.role()),
            lambda r, account, role, now: r.ledger.may_commit(account, role, now),
        ),
        "meterOf": (lambda d: (d.address(),), lambda r, a: r.ledger.meter_of(a)),
        "nonceMask": (
            lambda d: (d.address(), d.of(0, d.number())),
            lambda r, owner, word: r.ledger.nonce_mask(owner, word),
        ),
        "openLimit": (
            lambda d: (d.random.getrandbits(d.of(1, 20, 30, 40)),),
            lambda r, credit: r.ledger.open_limit(credit),
        ),
        "owner": (lambda d: (), lambda r: r.ledger.owner),
        "pendingOwner": (lambda d: (), lambda r: ZERO_ADDRESS),  # nobody hands the ledger on here
        "pkg": (lambda d: (), lambda r: r.ledger.pkg),
    },
    "OfferMarket": {
        "DESK": (lambda d: (), lambda r: r.desk.domain.verifying_contract),
        "eip712Domain": (lambda d: (), lambda r: stated(r.market.domain)),
        "guaranteeUp": (lambda d: (d.number(),), lambda r, price: r.market.guarantee_up(price)),
        "marketParameters": (lambda d: (), lambda r: r.market.parameters),
        "stateOf": (lambda d: (d.trade(),), lambda r, trade_id: r.market.state_of(trade_id)),
        "tradeIdOf": (lambda d: (d.terms(),), lambda r, terms: r.market.trade_id_of(terms)),
    },
    "RelayDesk": {
        "MARKET": (lambda d: (), lambda r: r.market.domain.verifying_contract),
        "eip712Domain": (lambda d: (), lambda r: stated(r.desk.domain)),
        "nonceMask": (
            lambda d: (d.address(), d.of(0, d.number())),
            lambda r, owner, word: r.desk.nonce_mask(owner, word),
        ),
    },
    "SealedBidAuction": {
        "auctionIdOf": (lambda d: (d.auction_terms(),), lambda r, terms: r.auction.auction_id_of(terms)),
        "auctionParameters": (lambda d: (), lambda r: r.auction.auction_parameters()),
        "eip712Domain": (lambda d: (), lambda r: stated(r.auction.domain)),
        "feesOf": (lambda d: (d.address(),), lambda r, account: r.auction.fees_of(account)),
        "guaranteeOf": (lambda d: (d.auction_terms(),), lambda r, terms: r.auction.guarantee_of(terms)),
        "seedOf": (lambda d: (d.word(),), lambda r, auction_id: r.auction.seed_of(auction_id)),
        "stateOf": (
            lambda d: (d.auction(),),
            lambda r, auction_id, now: r.auction.state_of(auction_id, now),
        ),
    },
    "EnergyLot": {
        "DOMAIN_SEPARATOR": (lambda d: (), lambda r: r.lots.domain.separator()),
        "balanceOf": (lambda d: (d.address(),), lambda r, a: r.lots.balance_of(a)),
        "eip712Domain": (lambda d: (), lambda r: stated(r.lots.domain)),
        # the rules know no approvals, and nobody gives one here; tests/contracts/energy_lot has them
        "getApproved": (lambda d: (d.lot(),), lambda r, lot: unminted_is_refused(r, lot, ZERO_ADDRESS)),
        "isApprovedForAll": (lambda d: (d.address(), d.address()), lambda r, owner, operator: False),
        "lotOf": (lambda d: (d.lot(),), lambda r, lot: r.lots.lot_of(lot)),
        "lotParameters": (lambda d: (), lambda r: r.lots.lot_parameters()),
        "mergedId": (
            lambda d: ([d.lot() for _ in range(d.of(0, 2, 5))],),
            lambda r, ids: r.lots.merged_id(ids),
        ),
        "name": (lambda d: (), lambda r: "EnergyLot"),
        "nonces": (lambda d: (d.lot(),), lambda r, lot: r.lots.nonces(lot)),
        "ownerOf": (lambda d: (d.lot(),), lambda r, lot: r.lots.owner_of(lot)),
        "partId": (lambda d: (d.lot(), d.number()), lambda r, lot, i: r.lots.part_id(lot, i)),
        "receiptSigner": (lambda d: (d.address(),), lambda r, buyer: r.lots.receipt_signer(buyer)),
        "supportsInterface": (
            lambda d: (bytes.fromhex(d.of(*INTERFACES, "ffffffff", "00000000")),),
            lambda r, name: name.hex() in INTERFACES,
        ),
        "symbol": (lambda d: (), lambda r: "LOT"),
        "tokenURI": (lambda d: (d.lot(),), lambda r, lot: r.lots.token_uri(lot)),
        "verify": (lambda d: d.lots_signature(), lambda r, *asked: r.lots.verify(*asked)),
    },
    "P256Verifier": {
        "verify": (
            lambda d: d.p256(),
            lambda r, *asked: selector("verify(bytes,bytes32,bytes)") if is_p256(*asked) else b"\xff" * 4,
        ),
    },
}
TIMED = {("EnergyLedger", "currentKeyRoot"), ("EnergyLedger", "mayCommit"), ("SealedBidAuction", "stateOf")}


def views_of(contract: str) -> set[str]:
    """Names of all functions that change nothing, from the compiler's ABI."""
    changing = ("nonpayable", "payable")
    functions = [x for x in artifacts.load(contract).abi if x["type"] == "function"]
    names = [x["name"] for x in functions if x["stateMutability"] not in changing]
    assert len(names) == len(set(names)), "two views of one name"
    return set(names)


def answer(ask: Callable[..., Any], *arguments: Any) -> Any:
    """What is answered, or the error with its fields."""
    try:
        found = ask(*arguments)
    except Refused as refused:
        return refused.rule, refused.values
    except ContractRevert as reverted:
        return reverted.signature.partition("(")[0], reverted.values
    return list(found) if isinstance(found, list | tuple) else found


def bound(machine: Machine, contract: str, view: str) -> Callable[..., Any]:
    """The view of the deployed contract."""
    suite = machine.world.suite
    if contract == "RelayDesk":
        return getattr(suite.desk, {"MARKET": "market", "nonceMask": "nonce_mask"}.get(view, "eip712_domain"))  # type: ignore[no-any-return]
    if contract == "P256Verifier":
        return EnergyLot(suite.chain, suite.p256_verifier).verify  # both are ERC-7913 verifiers
    part = dict(
        zip(
            [part.name for part in PARTS],
            (suite.ledger, suite.market, suite.auction, suite.lots),
            strict=False,
        )
    )[contract]
    names = {
        "ASSET": "asset",
        "DESK": "desk",
        "UNIT": "unit",
        "TREASURY": "treasury",
        "EPOCH_SECONDS": "epoch_seconds",
    }
    names |= {"name": "name_", "DOMAIN_SEPARATOR": "domain_separator", "eip712Domain": "eip712_domain"}
    names |= {"tokenURI": "token_uri"}
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in view)
    return getattr(part, names.get(view, snake))  # type: ignore[no-any-return]


def test_list_of_views_is_complete() -> None:
    """Each view of each contract that is deployed is compared below, as its ABI names it."""
    # The market deploys its relay desk. `House.same` compares the slot market and the council.
    slots = {"SlotMarket", "SlotDisputes", "VerifierCouncil"}
    names = {*(part.name for part in PARTS), "RelayDesk"} - slots
    assert {name: views_of(name) for name in names} == {name: set(of) for name, of in VIEWS.items()}


@pytest.mark.parametrize("kind", [AuctionCalls, LotCalls])
def test_views_answer_alike(kind: type[Machine]) -> None:
    """Whatever has happened, contract and rules answer every question alike, also about nonsense (N-7)."""
    pyrevm()
    answered: Counter[tuple[str, str, bool]] = Counter()
    for example in range(EXAMPLES):
        draw, machine = random.Random(f"{kind.__name__} {example}"), kind()
        machine.world.ledger.suspend([machine.people[example % 5].address]).send(machine.world.dso)
        machine.rules.ledger.accounts[machine.people[example % 5].address] = _suspended(machine, example % 5)
        try:
            for step in range(STEPS):
                machine.any_call(draw.getrandbits(64))
                if step % EVERY:
                    continue
                for contract, views in VIEWS.items():
                    for view, (drawn, rule) in views.items():
                        asked = drawn(Draw(machine, draw))
                        now = (machine.chain.now(),) if (contract, view) in TIMED else ()
                        found = answer(bound(machine, contract, view), *asked)
                        expected = answer(rule, machine.rules, *asked, *now)
                        assert found == expected, f"{contract}.{view}{asked}"
                        answered[contract, view, bool(found)] += 1
        finally:
            machine.chain.revert(machine.start)
    assert {(contract, view) for contract, view, _ in answered} == {
        (contract, view) for contract, views in VIEWS.items() for view in views
    }
    for view in ("mayCommit", "isMarket"):
        assert answered["EnergyLedger", view, True]
        assert answered["EnergyLedger", view, False]


def _suspended(machine: Machine, place: int) -> Any:
    return replace(machine.rules.ledger.account(machine.people[place].address), suspended=True)


@pytest.mark.parametrize("role", [0, 1, 2, 3, 4, 8, 9, 16, 255, 2**256 - 1])
def test_roles_mean_the_same(role: int) -> None:
    """Only 1, 2 and 3 ask for roles, and each bit of them must be there, on both sides (X-3)."""
    machine = LotCalls()
    w = machine.world
    roles = {w.alice.address: 3, w.seller.address: 1, w.buyer.address: 2, w.stranger.address: 0}
    for account, has in {**roles, w.treasury.address: 0, ZERO_ADDRESS: 0}.items():
        expected = 0 < role <= 3 and has & role == role
        assert w.ledger.may_commit(account, role) is expected
        assert machine.rules.ledger.may_commit(account, role, machine.chain.now()) is expected
