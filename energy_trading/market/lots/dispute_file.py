"""The dispute file: a lot's history as JSON, with which a third party checks who owned it.

Mints and exchanges carry the signatures of those whom they bind. The other steps carry none: anybody can
write them into a file, so they prove nothing unless the chain vouches for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from eth_utils.address import is_address, to_checksum_address

from energy_trading.bindings.contract import Event, decode_logs, read_events
from energy_trading.bindings.energy_lot import (
    LotExchanged,
    LotMinted,
    LotRetired,
    LotsMerged,
    LotSplit,
    PermitsCancelled,
    Transfer,
)
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Chain
from energy_trading.chain.receipt_proof import Log, ReceiptProof, prove_receipt
from energy_trading.crypto._signatures import recover_address
from energy_trading.errors import BadInput, Forged
from energy_trading.files._json import reading
from energy_trading.market.log.event_json import event_to_json
from energy_trading.market.log.fold import Fold
from energy_trading.market.log.records import HELD, LotRecord
from energy_trading.market.lots.history import history
from energy_trading.rules.lot import merged_id, part_id
from energy_trading.types import ZERO_ADDRESS, Domain, ExchangeAcceptance, ExchangePermit, Injection

FORMAT: Final = "energy-trading/lot-history/1"
STEPS: Final = {
    kind.__name__: kind
    for kind in (LotMinted, LotExchanged, Transfer, PermitsCancelled, LotSplit, LotsMerged, LotRetired)
}
Ask: TypeAlias = Callable[[str, bytes, bytes], bool]
"""Returns whether a contract account (ERC-1271) signed: account, 32-byte digest, signature."""
Witness: TypeAlias = Callable[[Event], bool]
"""Returns whether it knows that the chain's log has a step, exactly as the file states it. It raises
`HistoryBroken` if it knows that the log does not, or not in this order. For one check of one file."""
_SIGNED: Final = (LotMinted, LotExchanged)
_ENDED_BY: Final = {HELD: None, "retired": "LotRetired", "split": "LotSplit", "merged": "LotsMerged"}


class HistoryBroken(Forged):
    """A step does not follow from those before it, is not on the chain, or bears a false signature."""


@dataclass(frozen=True)
class Holding:
    """A lot at one point of its history.

    Args:
        lot: id.
        owner: EIP-55 account.
        how: how the lot became the owner's, one of `records.WAYS`.
        energy_wh: energy of the lot, Wh.
        slot_start: unix seconds.
        nonce: the lot's.
        ended: None while the lot lives, afterwards the name of the event that ended it.
        proven: whether signatures or a witness show all of this. False from the first step on that has
            neither: whoever made the file may have made that step up.
    """

    lot: int
    owner: str
    how: str
    energy_wh: int
    slot_start: int
    nonce: int = 0
    ended: str | None = None
    proven: bool = False


def dispute_file(suite: Suite, lot: int, from_block: int = 0, prove: bool = False) -> dict[str, Any]:
    """Return a lot's history as an object for `json.dumps`; it holds signatures and no secret.

    Args:
        suite: the market.
        lot: id.
        from_block: first block to read, not later than the market's deployment.
        prove: whether to add to each step the proof that its block has it, for `receipt_witness`.

    Raises:
        BadInput: the lot is not in the log, or the node's blocks cannot be proven (`prove_receipt`).

    Source:
        C-9.
    """
    domain = suite.lots_domain
    events = history(suite.lots.events(from_block), lot)
    steps = [_to_json(event) for event in events]
    if prove:
        proof_of = cache(lambda transaction: prove_receipt(suite.chain, transaction).to_json())
        steps = [
            step | {"proof": proof_of(event.transaction_hash)}
            for step, event in zip(steps, events, strict=True)
        ]
    return {
        "format": FORMAT,
        "chainId": domain.chain_id,
        "contract": domain.verifying_contract,
        "lot": str(lot),
        "steps": steps,
    }


def check_dispute(
    file: Any, dso: Collection[str], ask: Ask | None = None, witness: Witness | None = None
) -> list[Holding]:
    """Check a dispute file: every signature, every sum, and that each step follows from those before it.

    Without a witness, plain transfers, splits, mergers, cancellations and retirements prove nothing, nor does
    what comes after them: see `Holding.proven`. Signatures prove what their makers agreed to; that it
    happened, and that nothing happened after the last step, only the chain can show. Before an exchange, the
    nonces show whether a change of owner is missing.

    Args:
        file: the object of `dispute_file`, from anyone.
        dso: accounts believed to be those of the distribution system operator (DSO).
        ask: decides for contract accounts; None means that none of them is believed.
        witness: vouches for steps, also for signed ones; None means that signatures alone count.

    Returns:
        The states of the lot and its ancestors, one for each change of owner, oldest first; the last one is
        how it ended.

    Raises:
        BadInput: the file is malformed.
        HistoryBroken: a step is false, or the witness does not know it.

    Source:
        C-9, eq 8.
    """
    domain, lot, steps = _from_json(file)
    judge = _Judge(domain, {to_checksum_address(a) for a in dso}, ask, witness)
    for step in steps:
        judge.take(step)
    if lot not in judge.lots:
        raise HistoryBroken(f"lot {lot}: the steps do not lead to it")
    return judge.owners


def node_witness(chain: Chain, file: Any) -> Witness:
    """Return a witness that reads the log of a node, which whoever checks the file must trust.

    Args:
        chain: the node's.
        file: the object of `dispute_file`.

    Raises:
        BadInput: the file is malformed, or is about another chain.

    Source:
        C-9.
    """
    domain, _, steps = _from_json(file)
    if chain.chain_id != domain.chain_id:
        raise BadInput(f"the file is about chain {domain.chain_id}, but the node serves {chain.chain_id}")
    height = chain.height()
    logged = {
        (event.block_number, event.log_index): event
        for block in sorted({step.block_number for step in steps})
        if block <= height
        for event in read_events(chain, [domain.verifying_contract], block, block)
    }
    last = (-1, -1)

    def saw(step: Event) -> bool:
        nonlocal last
        at = step.block_number, step.log_index
        if not last < at or logged.get(at) != step:
            raise _not_there(step, "the node's log")
        last = at
        return True

    return saw


def receipt_witness(file: Any, blocks: Collection[bytes]) -> Witness:
    """Return a witness that reads the receipts that a file proves; it needs no node.

    Args:
        file: the object of `dispute_file` with proofs.
        blocks: hashes of blocks of the chain, 32 bytes each, from a source that whoever checks trusts. A
            step of another block is not vouched for.

    Raises:
        BadInput: the file is malformed.
        ReceiptProofRefused: a proof under one of the hashes does not hold.

    Source:
        C-9.
    """
    steps = _from_json(file)[2]
    proofs: dict[tuple[int, int], tuple[int, int, tuple[Log, ...]]] = {}
    for step, raw in zip(steps, file["steps"], strict=True):
        if "proof" in raw:
            proof = ReceiptProof.from_json(raw["proof"])
            if proof.block_hash in blocks:
                number, logs = proof.open()
                proofs[step.block_number, step.log_index] = number, proof.index, logs
    last = (-1, -1, -1)

    def saw(step: Event) -> bool:
        nonlocal last
        found = proofs.get((step.block_number, step.log_index))
        if found is None:
            return False
        number, index, logs = found
        for i, log in enumerate(logs):
            # A receipt does not state the log's index in the block, so the order is that of the places here.
            if last < (number, index, i) and number == step.block_number and _states(log, step):
                last = number, index, i
                return True
        raise _not_there(step, "the receipt")

    return saw


def _states(log: Log, step: Event) -> bool:
    place = {
        "blockNumber": step.block_number,
        "transactionHash": step.transaction_hash,
        "logIndex": step.log_index,
    }
    found: Any = {"address": log.address, "topics": log.topics, "data": log.data, **place}
    return decode_logs([found]) == [step]


def _not_there(step: Event, where: str) -> HistoryBroken:
    place = f"block {step.block_number}, index {step.log_index}"
    return HistoryBroken(f"{where} has no such {type(step).__name__} in {place}, or not in this order")


class _Judge:
    """Checks each step against the lots as the steps before it left them, and then folds it."""

    def __init__(self, domain: Domain, dso: set[str], ask: Ask | None, witness: Witness | None) -> None:
        self._domain = domain
        self._dso = dso
        self._ask = ask
        self._witness = witness
        self._fold = Fold()
        self._proven: dict[int, bool] = {}
        self.lots = self._fold.lots
        self.owners: list[Holding] = []

    def take(self, step: Event) -> None:
        changed, unchanged = self._check(step)
        vouched = self._witness is not None and self._witness(step)
        # What a step made has no past of its own: it is proven if all that it was made of is.
        proven = (vouched or isinstance(step, _SIGNED)) and all(
            self._proven.get(lot, True) for lot in (*changed, *unchanged)
        )
        self._proven |= dict.fromkeys((*changed, *unchanged), proven)
        self._fold.fold(step)
        for lot in changed:
            r = self.lots[lot]
            self.owners.append(
                Holding(lot, r.owner, r.how, r.energy_wh, r.slot_start, r.nonce, _ENDED_BY[r.state], proven)
            )

    def _check(self, step: Event) -> tuple[list[int], list[int]]:
        """Check a step; return the lots whose owner or end it changes, and those it changes otherwise."""
        match step:
            case LotMinted():
                self._check_mint(step)
            case LotExchanged():
                self._check_exchange(step)
            case Transfer():
                self._alive(step.id, step.from_)
                self._demand(step.to != ZERO_ADDRESS, step.id, "a transfer to nobody")
                return [step.id], []
            case PermitsCancelled():
                due = self._alive(step.lot).nonce + 1
                self._demand(step.nonce == due, step.lot, "a cancellation moves the nonce by one")
                return [], [step.lot]
            case LotSplit():
                whole = self._alive(step.lot, step.owner)
                self._demand(sum(step.energies_wh) == whole.energy_wh, step.lot, "the parts do not add up")
                parts = [part_id(step.lot, i) for i in range(len(step.energies_wh))]
                for part in parts:
                    self._check_new(part)
                return [step.lot, *parts], []
            case LotsMerged():
                self._check_merger(step)
                return [*step.lots, step.lot], []
            case LotRetired():
                held = self._alive(step.lot, step.owner)
                self._demand(step.energy_wh == held.energy_wh, step.lot, "another energy was retired")
        return [step.lot], []  # type: ignore[attr-defined]

    def _check_mint(self, step: LotMinted) -> None:
        self._demand(step.dso in self._dso, step.lot, f"{step.dso} is not the DSO")
        fields = {name: getattr(step, name) for name in Injection.__abi__ if name != "reading"}
        injection = Injection(reading=step.lot.to_bytes(32, "big"), **fields)
        self._signed(step.dso, self._domain.digest(injection), step.certificate, step.lot)
        self._check_new(step.lot)

    def _check_exchange(self, step: LotExchanged) -> None:
        held = self._alive(step.lot, step.seller)
        due = f"the nonce is {step.nonce}, and {held.nonce} was due"
        self._demand(step.nonce == held.nonce, step.lot, due)
        permit = ExchangePermit(step.lot, step.buyer, step.price, step.nonce, step.deadline)
        self._signed(step.seller, self._domain.digest(permit), step.permit, step.lot)
        acceptance = self._domain.digest(ExchangeAcceptance(permit, step.msg_addr))
        self._signed(step.buyer, acceptance, step.acceptance, step.lot)

    def _check_merger(self, step: LotsMerged) -> None:
        parts = [self._alive(lot, step.owner) for lot in step.lots]
        self._demand(len({p.lot for p in parts}) == len(parts) > 1, step.lot, "a lot was merged twice")
        self._demand(len({p.slot_start for p in parts}) == 1, step.lot, "lots of two slots were merged")
        self._demand(step.lot == merged_id(step.lots), step.lot, "the id is not that of its parts")
        self._check_new(step.lot)

    def _alive(self, lot: int, owner: str | None = None) -> LotRecord:
        held = self.lots.get(lot)
        if held is None or held.state != HELD:
            raise HistoryBroken(f"lot {lot}: a step is about a lot that does not exist at that point")
        self._demand(owner in (None, held.owner), lot, f"{owner} acts, but {held.owner} is the owner")
        return held

    def _check_new(self, lot: int) -> None:
        self._demand(lot not in self.lots, lot, "it was made twice")

    def _signed(self, account: str, digest: bytes, signature: bytes, lot: int) -> None:
        ok = recover_address(digest, signature) == account or bool(
            self._ask and self._ask(account, digest, signature)
        )
        self._demand(ok, lot, f"the signature is not {account}'s")

    def _demand(self, true: bool, lot: int, otherwise: str) -> None:
        if not true:
            raise HistoryBroken(f"lot {lot}: {otherwise}")


def _to_json(event: Event) -> dict[str, Any]:
    shown = event_to_json(event, str)
    return {
        "event": shown["event"],
        "block": event.block_number,
        "transaction": shown["transaction_hash"],
        "logIndex": event.log_index,
        "fields": {name: shown[name] for name, _, _ in event.layout},
    }


def _from_json(file: Any) -> tuple[Domain, int, list[Event]]:
    with reading("dispute file"):
        if file["format"] != FORMAT:
            raise BadInput(f"the file's format is {file['format']!r}; a dispute file's is {FORMAT!r}")
        domain = Domain(
            "EnergyLot", _parsed("uint256", file["chainId"]), _parsed("address", file["contract"])
        )
        return domain, int(file["lot"]), [_step(domain, step) for step in file["steps"]]


def _step(domain: Domain, step: Mapping[str, Any]) -> Event:
    kind = STEPS[step["event"]]
    fields = {name: _parsed(of, step["fields"][name]) for name, of, _ in kind.layout}
    return kind(
        domain.verifying_contract,
        int(step["block"]),
        bytes.fromhex(step["transaction"].removeprefix("0x")),
        int(step["logIndex"]),
        **fields,
    )


def _parsed(kind: str, text: Any) -> Any:
    """Read an ABI value of a type back from its JSON."""
    if kind.endswith("[]"):
        return tuple(_parsed(kind[:-2], item) for item in text)
    if kind == "address":
        if not is_address(text):
            raise BadInput(f"an address must be 20 bytes in hex, not {text!r}")
        return to_checksum_address(text)
    if kind.startswith("bytes"):
        raw = bytes.fromhex(text.removeprefix("0x"))
        if kind != "bytes" and len(raw) != int(kind[5:]):
            raise BadInput(f"a {kind} must have {kind[5:]} bytes, not {len(raw)}")
        return raw
    number = int(text)
    if not 0 <= number < 2**256:
        raise BadInput(f"a {kind} must be between 0 and 2**256-1, not {number}")
    return number
