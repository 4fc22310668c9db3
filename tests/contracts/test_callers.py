"""Whoever calls a contract directly is its caller; who signed the transaction behind that has no say.

Each function that asks who calls is called by a contract account, whose owner signs the transaction. In one
test the account is entitled and its owner is nobody; in the other it is the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from energy_trading.bindings import Call, ContractRevert, Suite, SuiteParameters, deploy
from energy_trading.bindings.contract import Contract, Sent
from energy_trading.bindings.energy_ledger import Deposited, EnergyLedger, NoConsent, NoncesUsed
from energy_trading.bindings.energy_lot import ApprovalForAll
from energy_trading.bindings.offer_market import NotDesk, OfferMarket
from energy_trading.bindings.sealed_bid_auction import FeesEarned, QuoteSealed
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain import artifacts
from energy_trading.chain.compile import CONTRACTS, _run_compiler, standard_input
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.meter.signers import Secp256k1Meter
from energy_trading.types import (
    ZERO_ADDRESS,
    Acceptance,
    Injection,
    LedgerParameters,
    MarketParameters,
    Outcome,
    ReceiptKey,
    Settlement,
    Terms,
    to_abi,
)
from tests.contracts.energy_ledger.tools import deployed
from tests.contracts.energy_lot.tools import MSG, SLOT, SLOT_S, sign_injection, slot_of
from tests.contracts.offer_market.tools import ban, compiled
from tests.contracts.sealed_bid_auction.house import FEE, House, order
from tests.world import EURO, FUNDS, GENESIS, World

KEYS: Final = [SecretKey.from_int(1000 + i) for i in range(10)]
ORIGIN: Final = KEYS[9]
NOBODY: Final = b"\x01" * 20


@dataclass
class Stage:
    """A market with a contract account whose owner is nobody else.

    Args:
        world: a market that settles in the native coin.
        paid: one that settles in a token, in which nobody is enrolled.
        token: this token.
        account: the contract account.
    """

    world: World
    paid: World
    token: Any
    account: str
    serial: int = 0

    def through(self, call: Call[Any]) -> Sent:
        """Let the account make a call, in a transaction of its owner."""
        data = encode(["address", "bytes"], [call.to, call.data])
        forwarded = replace(call, to=self.account, data=keccak(text="act(address,bytes)")[:4] + data)
        return forwarded.send(ORIGIN)

    def do(self, who: str, call: Call[Any]) -> Sent:
        """Let the account or its owner make a call."""
        return self.through(call) if who == self.account else call.send(ORIGIN)

    def enrol(self, who: str, world: World | None = None) -> World:
        """Open an account for one of the two, which submits it itself; fund it unless a market is given."""
        found = world or self.world
        self.do(who, found.ledger.open_account(*found.attest(who)))
        if world is None:
            found.ledger.deposit(who, FUNDS, value=FUNDS * found.ledger.unit()).send(found.stranger)
        found.register_meter(who, Secp256k1Meter(SecretKey.from_int(78)))
        return found

    def lot(self, who: str, slot: int = SLOT) -> int:
        """A lot of one of the two."""
        self.serial += 1
        reading, deadline = keccak(self.serial.to_bytes(32, "big")), self.world.chain.now() + 600
        paper = Injection(who, 1_000, slot, bytes(32), reading, b"", MSG, self.serial, deadline)
        certificate = sign_injection(self.world, paper, self.world.dso)
        self.world.suite.lots.mint(paper, certificate).send(self.world.stranger)
        return int.from_bytes(reading, "big")

    def receipt_key(self, terms: Terms, who: str) -> ReceiptKey:
        """A one-time key that signs for one of the two."""
        meter = Secp256k1Meter(SecretKey.from_int(77))
        tree = MerkleTree([signer_leaf(meter.signer), signer_leaf(NOBODY)])
        epoch = self.world.chain.now() // 86_400
        self.world.ledger.publish_key_root(epoch, tree.root, bytes(32)).send(self.world.dso)
        digest = self.world.suite.market_domain.digest(Acceptance(terms.struct_hash(), who))
        return ReceiptKey(meter.signer, epoch, tree.proof(0), meter.sign(digest))


def _create(world: World, kind: type[Contract], parameters: object) -> str:
    code = artifacts.load(kind.name).bytecode + encode(kind.constructor_types, [to_abi(parameters)])
    return world.chain.deploy(code, world.stranger)[0]


@pytest.fixture(scope="module")
def built() -> Stage:
    chain = in_process(accounts=KEYS, genesis_time=GENESIS)
    dso, pkg, treasury, *people = KEYS[:9]
    roles = dso.address, pkg.address, treasury.address
    world = World(chain, deploy(chain, dso, SuiteParameters(*roles)), dso, pkg, treasury, *people, meters={})
    for key in (world.alice, world.bob):
        world.enrol(key)
    token = deployed(chain, world.stranger, "PermitToken")
    in_token = SuiteParameters(*roles, asset=token.address, unit=1_000)
    paid = World(chain, deploy(chain, dso, in_token), dso, pkg, treasury, *people, meters={})
    code = compiled("ContractAccount").bytecode + encode(["address"], [ORIGIN.address])
    return Stage(world, paid, token, chain.deploy(code, world.stranger)[0])


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    snapshot = built.world.chain.snapshot()
    yield replace(built)
    built.world.chain.revert(snapshot)


# ---------------------------------------------------------------- the ledger


def _owned(call: Callable[[World], Call[Any]], *before: Callable[[World], Call[Any]]) -> Any:
    """A call that only the owner may make, after some that the DSO has made."""

    def case(stage: Stage, who: str) -> Call[Any]:
        world = stage.world
        for earlier in before:
            earlier(world).send(world.dso)
        world.ledger.transfer_ownership(who).send(world.dso)
        stage.do(who, world.ledger.accept_ownership())
        return call(world)

    return case


def _accept_ownership(stage: Stage, who: str) -> Call[Any]:
    stage.world.ledger.transfer_ownership(who).send(stage.world.dso)
    return stage.world.ledger.accept_ownership()


def _as_market(call: Callable[[World], Call[Any]]) -> Any:
    """A call that only a market of the ledger may make."""

    def case(stage: Stage, who: str) -> Call[Any]:
        w = stage.world
        roles = w.dso.address, w.pkg.address, w.treasury.address
        parameters = LedgerParameters(ZERO_ADDRESS, EURO, *roles, [who], 86_400, DEFAULT_CREDIT)
        ledger = _create(w, EnergyLedger, parameters)
        people = w.alice, w.bob, w.carol, w.seller, w.buyer, w.stranger
        suite = Suite(w.chain, ledger, who, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS)
        desk = World(w.chain, suite, w.dso, w.pkg, w.treasury, *people, meters={})
        for key in (desk.alice, desk.bob):
            desk.enrol(key, funds=1_000)
        return call(desk)

    return case


def _funded(stage: Stage, who: str) -> World:
    """The market that settles in a token, of which one of the two has some."""
    paid = stage.enrol(who, stage.paid)
    stage.token.do("mint(address,uint256)", who, 50_000).send(stage.world.stranger)
    stage.do(who, stage.token.do("approve(address,uint256)", paid.ledger.address, 50_000))
    return paid


def _open_account(stage: Stage, who: str) -> Call[Any]:
    attestation, signature, consent = stage.world.attest(who)
    assert not consent
    return stage.world.ledger.open_account(attestation, signature, consent)


def _lift_ban(stage: Stage, who: str) -> Call[Any]:
    banned = stage.world.alice.address
    ban(stage.world, stage.world.alice, stage.world.bob)
    call: Call[Any] = _owned(lambda w: w.ledger.lift_ban(banned, "the gateway was down"))(stage, who)
    return call


def _deposit(stage: Stage, who: str) -> Call[Any]:
    paid = _funded(stage, who)
    paid.enrol(paid.alice, funds=0)
    return paid.ledger.deposit(paid.alice.address, 7)


def _deposit_with_permit(stage: Stage, who: str) -> Call[Any]:
    return _funded(stage, who).ledger.deposit_with_permit(7, 2**40, 27, bytes(32), bytes(32))


def _withdraw(stage: Stage, who: str) -> Call[Any]:
    return stage.enrol(who).ledger.withdraw(stage.world.bob.address, 7)


# ---------------------------------------------------------------- the offer market


def _make_offer(stage: Stage, who: str) -> Call[Any]:
    return stage.enrol(who).market.make_offer(stage.world.terms(who))


def _accept_offer(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    return world.market.accept_offer(world.make(world.alice, buyer=who))


def _accept_offer_privately(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    terms = world.make(world.alice)
    return world.market.accept_offer_privately(terms, stage.receipt_key(terms, who))


def _accept_signed(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    terms = world.terms(world.alice, signed=True, buyer=who)
    return world.market.accept_signed(terms, world.sign_offer(terms, world.alice))


def _accept_signed_privately(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    terms = world.terms(world.alice, signed=True)
    signature = world.sign_offer(terms, world.alice)
    return world.market.accept_signed_privately(terms, signature, stage.receipt_key(terms, who))


def _award(stage: Stage, who: str) -> Call[Any]:
    world = stage.world
    shares = MarketParameters(world.ledger.address, 3_333, 250, 500, 2_000, 1_000, 7 * 86_400, 3_600, who)
    market = OfferMarket(world.chain, _create(world, OfferMarket, shares))
    return market.award(world.terms(world.alice, buyer=world.bob.address, nonce=1 << 254))


def _give_up(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    terms = world.terms(who)
    stage.do(who, world.market.make_offer(terms))
    return world.market.give_up(terms)


def _cancel_signed(stage: Stage, who: str) -> Call[Any]:
    return stage.world.market.cancel_signed(stage.world.terms(who, signed=True))


#: calls that only the market's relay desk may make; it asks who calls before it looks at anything else
DESK_ONLY: Final = frozenset(
    f"OfferMarket.{name}" for name in ("acceptOnOrder", "cancelSignedOnOrder", "giveUpOnOrder", "payRelayer")
)


# ---------------------------------------------------------------- the auction


def _post(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    return world.suite.auction.post(order(world, publisher=SimpleNamespace(address=who)))  # type: ignore[arg-type]


def _quote(stage: Stage, _: str) -> Call[Any]:
    house = House.open(stage.world)
    return stage.world.suite.auction.quote(house.auction_id, 3, 4, value=FEE)


def _settle(stage: Stage, _: str) -> Call[Any]:
    house = House.open(stage.world)
    house.send(stage.world.bob, house.seal(stage.world.bob, house.terms.start_price))
    stage.world.chain.mine(house.terms.quote_until)
    return house.settle_call()


def _claim_fees(stage: Stage, who: str) -> Call[Any]:
    stage.do(who, _settle(stage, who))
    return stage.world.suite.auction.claim_fees(stage.world.alice.address)


# ---------------------------------------------------------------- lots


def _of_a_lot(call: Callable[[Any, int, str, str], Call[Any]]) -> Any:
    """A call about a lot; it gets the contract, the lot, its owner and Alice's address."""

    def case(stage: Stage, who: str) -> Call[Any]:
        world = stage.enrol(who)
        return call(world.suite.lots, stage.lot(who), who, world.alice.address)

    return case


def _merge(stage: Stage, who: str) -> Call[Any]:
    return stage.enrol(who).suite.lots.merge([stage.lot(who), stage.lot(who)])


def _deliver(stage: Stage, who: str) -> Call[Any]:
    world = stage.enrol(who)
    lots, bob = world.suite.lots, world.bob
    world.ledger.register_meter(bob.address, lots.receipt_signer(bob.address)).send(world.dso)
    terms = world.terms(who)
    stage.do(who, world.market.make_offer(terms))
    world.market.accept_offer(terms).send(bob)
    world.pass_time(slot_of(terms) + SLOT_S)
    return lots.deliver(terms, bob.address, [stage.lot(who, slot_of(terms))])


#: function that asks who calls: what makes one of the two entitled, and the call
CASES: Final[dict[str, Callable[[Stage, str], Call[Any]]]] = {
    "EnergyLedger.acceptOwnership": _accept_ownership,
    "EnergyLedger.commit": _as_market(lambda w: w.ledger.commit(w.alice.address, ZERO_ADDRESS, False, 1, 0)),
    "EnergyLedger.deposit": _deposit,
    "EnergyLedger.depositWithPermit": _deposit_with_permit,
    "EnergyLedger.liftBan": _lift_ban,
    "EnergyLedger.openAccount": _open_account,
    "EnergyLedger.payOwed": _as_market(lambda w: w.ledger.pay_owed(w.alice.address, False, 1)),
    "EnergyLedger.publishKeyRoot": _owned(
        lambda w: w.ledger.publish_key_root(w.chain.now() // 86_400, b"\x01" * 32, bytes(32))
    ),
    "EnergyLedger.registerMeter": _owned(lambda w: w.ledger.register_meter(w.alice.address, NOBODY)),
    "EnergyLedger.reinstate": _owned(
        lambda w: w.ledger.reinstate([w.alice.address]), lambda w: w.ledger.suspend([w.alice.address])
    ),
    "EnergyLedger.removeMeter": _owned(lambda w: w.ledger.remove_meter(w.alice.address)),
    "EnergyLedger.renounceOwnership": _owned(lambda w: w.ledger.renounce_ownership()),
    "EnergyLedger.revokeKeyRoot": _owned(
        lambda w: w.ledger.revoke_key_root(w.chain.now() // 86_400),
        lambda w: w.ledger.publish_key_root(w.chain.now() // 86_400, b"\x01" * 32, bytes(32)),
    ),
    "EnergyLedger.setPkg": _owned(lambda w: w.ledger.set_pkg(w.bob.address)),
    "EnergyLedger.settle": _as_market(
        lambda w: w.ledger.settle(
            Settlement(w.alice.address, 0, 0, ZERO_ADDRESS, 0, Outcome.NONE, 0, 0, 0),
        )
    ),
    "EnergyLedger.suspend": _owned(lambda w: w.ledger.suspend([w.alice.address])),
    "EnergyLedger.transfer": _as_market(lambda w: w.ledger.transfer(w.alice.address, w.bob.address, 1)),
    "EnergyLedger.transferOwnership": _owned(lambda w: w.ledger.transfer_ownership(w.bob.address)),
    "EnergyLedger.payFee": _as_market(lambda w: w.ledger.pay_fee(w.bob.address, 1, w.alice.address)),
    "EnergyLedger.voidNonces": lambda stage, _: stage.world.ledger.void_nonces(1, 2),
    "EnergyLedger.withdraw": _withdraw,
    "EnergyLot.approve": _of_a_lot(lambda lots, lot, _, alice: lots.approve(alice, lot)),
    "EnergyLot.cancelPermits": _of_a_lot(lambda lots, lot, *_: lots.cancel_permits(lot)),
    "EnergyLot.deliver": _deliver,
    "EnergyLot.merge": _merge,
    "EnergyLot.retire": _of_a_lot(lambda lots, lot, *_: lots.retire(lot)),
    "EnergyLot.safeTransferFrom": _of_a_lot(lambda lots, lot, who, a: lots.safe_transfer_from(who, a, lot)),
    "EnergyLot.safeTransferFrom (data)": _of_a_lot(
        lambda lots, lot, who, alice: lots.safe_transfer_from_with_data(who, alice, lot, b"")
    ),
    "EnergyLot.setApprovalForAll": _of_a_lot(lambda lots, _, __, a: lots.set_approval_for_all(a, True)),
    "EnergyLot.split": _of_a_lot(lambda lots, lot, *_: lots.split(lot, [1, 999])),
    "EnergyLot.transferFrom": _of_a_lot(lambda lots, lot, who, alice: lots.transfer_from(who, alice, lot)),
    "OfferMarket.acceptOffer": _accept_offer,
    "OfferMarket.acceptOfferPrivately": _accept_offer_privately,
    "OfferMarket.acceptSigned": _accept_signed,
    "OfferMarket.acceptSignedPrivately": _accept_signed_privately,
    "OfferMarket.award": _award,
    "OfferMarket.cancelSigned": _cancel_signed,
    "OfferMarket.giveUp": _give_up,
    "OfferMarket.makeOffer": _make_offer,
    "RelayDesk.voidNonces": lambda stage, _: stage.world.suite.desk.void_nonces(1, 2),
    "SealedBidAuction.claimFees": _claim_fees,
    "SealedBidAuction.post": _post,
    "SealedBidAuction.quote": _quote,
    "SealedBidAuction.settle": _settle,
}
#: anybody may call these; whose call it was stands in the event
ANYBODY: Final = {
    "EnergyLedger.voidNonces",
    "EnergyLot.setApprovalForAll",
    "RelayDesk.voidNonces",
    "SealedBidAuction.quote",
    "SealedBidAuction.settle",
}


@pytest.mark.parametrize("name", CASES)
def test_account_that_calls_is_the_caller(stage: Stage, name: str) -> None:
    """An entitled contract account succeeds, although the key behind its transaction is nobody (N-8)."""
    call = CASES[name](stage, stage.account)
    sent = stage.through(call)
    assert ORIGIN.address not in str(sent.events)
    for event in sent.events:
        if isinstance(event, Deposited):
            assert event.payer == stage.account
        if isinstance(event, NoncesUsed):
            assert event.owner == stage.account
        if isinstance(event, QuoteSealed):
            assert event.bidder == stage.account
        if isinstance(event, FeesEarned):
            assert event.account in (stage.account, stage.world.treasury.address)
        if isinstance(event, ApprovalForAll):
            assert event.owner == stage.account


@pytest.mark.parametrize("name", sorted(CASES.keys() - ANYBODY))
def test_key_behind_a_call_has_no_say(stage: Stage, name: str) -> None:
    """Whoever lures an entitled key into calling a contract gets nothing done in its name (N-8)."""
    call = CASES[name](stage, ORIGIN.address)
    before = stage.world.chain.snapshot()
    with pytest.raises(ContractRevert):
        stage.through(call)
    stage.world.chain.revert(before)
    call.send(ORIGIN)  # itself it may


def test_only_the_desk_calls_for_others(stage: Stage) -> None:
    """Neither a contract account nor the key behind it is the desk, whatever is asked for (N-8)."""
    world, market = stage.world, stage.world.market
    terms = world.terms(world.alice, signed=True)
    calls = {
        "acceptOnOrder": market.accept_on_order(0, terms, b"", ORIGIN.address, []),
        "cancelSignedOnOrder": market.cancel_signed_on_order(terms),
        "giveUpOnOrder": market.give_up_on_order(0, terms),
        "payRelayer": market.pay_relayer(1, ORIGIN.address, world.bob.address),
    }
    assert {f"OfferMarket.{name}" for name in calls} == DESK_ONLY
    for call in calls.values():
        with pytest.raises(NotDesk) as caught:
            stage.through(call)
        assert caught.value.values == (stage.account, world.suite.desk.address)
        with pytest.raises(NotDesk) as caught:
            call.send(ORIGIN)
        assert caught.value.caller == ORIGIN.address


def test_only_the_account_itself_consents_by_calling(stage: Stage) -> None:
    """Its owner's key does not consent for a contract account, nor the contract for the key (C-2, N-8)."""
    of_account, of_key = (_open_account(stage, who) for who in (stage.account, ORIGIN.address))
    with pytest.raises(NoConsent) as caught:
        of_account.send(ORIGIN)
    assert caught.value.account == stage.account
    with pytest.raises(NoConsent) as caught:
        stage.through(of_key)
    assert caught.value.account == ORIGIN.address
    stage.through(of_account)
    assert stage.world.ledger.account_of(stage.account).open
    assert not stage.world.ledger.account_of(ORIGIN.address).open


def test_every_function_that_asks_who_calls_is_here() -> None:
    """The compiler's syntax trees name the functions that come to msg.sender or caller() (X-11)."""
    found = {f"{contract}.{name}" for contract in TRADING for name in _asking(contract)}
    assert found == {name.partition(" ")[0] for name in CASES} | DESK_ONLY


TRADING: Final = ("EnergyLedger", "OfferMarket", "RelayDesk", "SealedBidAuction", "EnergyLot")


def _asking(contract: str) -> set[str]:
    """External functions of a contract, inherited ones too, in which a caller is asked for at any depth."""
    nodes = _nodes()
    [node] = (n for n in nodes.values() if n["nodeType"] == "ContractDefinition" and n["name"] == contract)
    functions = [
        part
        for base in node["linearizedBaseContracts"]
        for part in nodes[base]["nodes"]
        if part["nodeType"] == "FunctionDefinition" and part["visibility"] in ("external", "public")
    ]
    return {f["name"] for f in functions if f["kind"] == "function" and _asks(f["id"], nodes, set())}


def _asks(place: int, nodes: dict[int, dict[str, Any]], seen: set[int]) -> bool:
    if place in seen or nodes.get(place, {}).get("nodeType") not in (
        "FunctionDefinition",
        "ModifierDefinition",
    ):
        return False
    seen.add(place)
    inside = list(_walk(nodes[place]))
    if any(n.get("memberName") == "sender" and n["expression"].get("name") == "msg" for n in inside):
        return True
    if any(n["nodeType"] == "YulIdentifier" and n["name"] in ("caller", "origin") for n in inside):
        return True
    return any(_asks(n["referencedDeclaration"], nodes, seen) for n in inside if "referencedDeclaration" in n)


def _nodes() -> dict[int, dict[str, Any]]:
    given = standard_input(CONTRACTS)
    given["settings"]["outputSelection"] = {"*": {"": ["ast"]}}
    answer = _run_compiler(given, CONTRACTS.cache)
    return {n["id"]: n for unit in answer["sources"].values() for n in _walk(unit["ast"]) if "id" in n}


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item)
    elif isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for value in node.values():
            yield from _walk(value)
