"""The owners of a lot, rebuilt from the log, and the file that proves them to a third party."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from eth_abi.abi import encode
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from energy_trading.bindings.contract import Event
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
from energy_trading.crypto.signatures import recover_address
from energy_trading.errors import BadInput, Forged
from energy_trading.files.json import reading
from energy_trading.market.lots.lots import part_id
from energy_trading.types import ZERO_ADDRESS, Domain, ExchangeAcceptance, ExchangePermit, Injection

FORMAT: Final = "energy-trading/lot-history/1"
STEPS: Final = {
    kind.__name__: kind
    for kind in (LotMinted, LotExchanged, Transfer, PermitsCancelled, LotSplit, LotsMerged, LotRetired)
}
Ask: TypeAlias = Callable[[str, bytes, bytes], bool]
"""Whether a contract account (ERC-1271) signed: account, 32-byte digest, signature."""
How: TypeAlias = Literal["minted", "exchanged", "transferred", "split", "merged"]


class HistoryBroken(Forged):
    """A step does not follow from those before it, or a signature in it is not the signer's."""


@dataclass(frozen=True)
class Holding:
    """A lot at some point of its history.

    Args:
        lot: id.
        owner: EIP-55 account.
        how: how it became the owner's; minted and exchanged are signed, the rest is the chain's word.
        energy_wh: of the lot.
        slot_start: unix seconds.
        nonce: of the lot.
        ended: None while it lives, else the name of the event that ended it.
    """

    lot: int
    owner: str
    how: How
    energy_wh: int
    slot_start: int
    nonce: int = 0
    ended: str | None = None


def history(events: Iterable[Event], lot: int) -> list[Event]:
    """Return what happened to a lot and to the lots it was made of, oldest first.

    Args:
        events: the EnergyLot's from its first block on (`Contract.events`).
        lot: id.

    Returns:
        Mints, exchanges, plain transfers, cancellations, splits, mergers, retirement. An exchange's own
        ERC-721 Transfer is left out, as are those of mints and ends.

    Raises:
        BadInput: the log knows no such lot.

    Source:
        C-9.
    """
    found: list[Event] = []
    wanted = {lot}
    later: Event | None = None
    for event in reversed(list(events)):  # from the end, so that parents are known before they are met
        if type(event).__name__ in STEPS and not _told_elsewhere(event, later) and _touched(event) & wanted:
            wanted |= _touched(event)
            found.append(event)
        later = event
    if not found:
        raise BadInput(f"lot: given {lot}, of which the log knows nothing")
    return found[::-1]


def dispute_file(suite: Suite, lot: int, from_block: int = 0) -> dict[str, Any]:
    """Return a lot's history as an object for `json.dumps`: signatures, no secret.

    Args:
        suite: the market.
        lot: id.
        from_block: first block read; not after the deployment's.

    Raises:
        BadInput: the log knows no such lot.

    Source:
        C-9.
    """
    domain = suite.lots_domain
    return {
        "format": FORMAT,
        "chainId": domain.chain_id,
        "contract": domain.verifying_contract,
        "lot": str(lot),
        "steps": [_to_json(event) for event in history(suite.lots.events(from_block), lot)],
    }


def check_dispute(file: Any, dso: Collection[str], ask: Ask | None = None) -> list[Holding]:
    """Check a dispute file: every signature, every sum, and that each step follows from the last.

    The file alone cannot show that nothing happened after its last step; the nonces show whether a change
    of owner is missing before an exchange.

    Args:
        file: object of `dispute_file`, from anyone.
        dso: accounts that are believed to be the DSO's.
        ask: decides for contract accounts; None believes none of them.

    Returns:
        The lot and its ancestors' states, one for each change of owner, oldest first; the last is the end.

    Raises:
        BadInput: the file is malformed.
        HistoryBroken: a step is false.

    Source:
        C-9, eq 8.
    """
    domain, lot, steps = _from_json(file)
    checker = _Checker(domain, {to_checksum_address(a) for a in dso}, ask)
    for step in steps:
        checker.take(step)
    if lot not in checker.lots:
        raise HistoryBroken(f"lot {lot}: the steps do not lead to it")
    return checker.owners


class _Checker:
    """State of the lots after the steps taken in so far."""

    def __init__(self, domain: Domain, dso: set[str], ask: Ask | None) -> None:
        self._domain = domain
        self._dso = dso
        self._ask = ask
        self.lots: dict[int, Holding] = {}
        self.owners: list[Holding] = []

    def take(self, step: Event) -> None:
        match step:
            case LotMinted():
                self._mint(step)
            case LotExchanged():
                self._exchange(step)
            case Transfer():
                held = self._alive(step.id, step.from_)
                self._put(replace(held, owner=step.to, how="transferred", nonce=held.nonce + 1))
            case PermitsCancelled():
                held = self._alive(step.lot)
                self._demand(step.nonce == held.nonce + 1, step.lot, "a cancellation moves the nonce by one")
                self.lots[step.lot] = replace(held, nonce=step.nonce)
            case LotSplit():
                whole = self._alive(step.lot, step.owner)
                parts = list(step.energies_wh)
                self._demand(sum(parts) == whole.energy_wh, step.lot, "the parts do not add up")
                self._end(step.lot, "LotSplit")
                for i, energy in enumerate(parts):
                    part = Holding(part_id(step.lot, i), whole.owner, "split", energy, whole.slot_start)
                    self._put_new(part)
            case LotsMerged():
                self._merge(step)
            case LotRetired():
                held = self._alive(step.lot, step.owner)
                self._demand(step.energy_wh == held.energy_wh, step.lot, "another energy was retired")
                self._end(step.lot, "LotRetired")

    def _mint(self, step: LotMinted) -> None:
        self._demand(step.dso in self._dso, step.lot, f"{step.dso} is not the DSO")
        fields = {name: getattr(step, name) for name in Injection.__abi__ if name != "reading"}
        digest = self._domain.digest(Injection(reading=step.lot.to_bytes(32, "big"), **fields))
        self._signed(step.dso, digest, step.certificate, step.lot)
        self._put_new(Holding(step.lot, step.producer, "minted", step.energy_wh, step.slot_start))

    def _exchange(self, step: LotExchanged) -> None:
        held = self._alive(step.lot, step.seller)
        self._demand(step.nonce == held.nonce, step.lot, f"nonce {step.nonce} where {held.nonce} was due")
        permit = ExchangePermit(step.lot, step.buyer, step.price, step.nonce, step.deadline)
        self._signed(step.seller, self._domain.digest(permit), step.permit, step.lot)
        acceptance = self._domain.digest(ExchangeAcceptance(permit, step.msg_addr))
        self._signed(step.buyer, acceptance, step.acceptance, step.lot)
        self._put(replace(held, owner=step.buyer, how="exchanged", nonce=held.nonce + 1))

    def _merge(self, step: LotsMerged) -> None:
        parts = [self._alive(lot, step.owner) for lot in step.lots]
        self._demand(len({p.lot for p in parts}) == len(parts) > 1, step.lot, "a lot was merged twice")
        self._demand(len({p.slot_start for p in parts}) == 1, step.lot, "lots of two slots were merged")
        merged = int.from_bytes(keccak(encode(["uint256[]"], [list(step.lots)])), "big")
        self._demand(step.lot == merged, step.lot, "the id is not that of its parts")
        for part in parts:
            self._end(part.lot, "LotsMerged")
        energy = sum(p.energy_wh for p in parts)
        self._put_new(Holding(merged, step.owner, "merged", energy, parts[0].slot_start))

    def _alive(self, lot: int, owner: str | None = None) -> Holding:
        held = self.lots.get(lot)
        if held is None or held.ended:
            raise HistoryBroken(f"lot {lot}: a step for a lot that is not there")
        self._demand(owner in (None, held.owner), lot, f"{owner} acts, {held.owner} is the owner")
        return held

    def _put_new(self, held: Holding) -> None:
        self._demand(held.lot not in self.lots, held.lot, "made twice")
        self._put(held)

    def _put(self, held: Holding) -> None:
        self.lots[held.lot] = held
        self.owners.append(held)

    def _end(self, lot: int, by: str) -> None:
        self.lots[lot] = replace(self.lots[lot], ended=by)
        self.owners.append(self.lots[lot])

    def _signed(self, account: str, digest: bytes, signature: bytes, lot: int) -> None:
        ok = recover_address(digest, signature) == account or bool(
            self._ask and self._ask(account, digest, signature)
        )
        self._demand(ok, lot, f"the signature is not {account}'s")

    def _demand(self, true: bool, lot: int, otherwise: str) -> None:
        if not true:
            raise HistoryBroken(f"lot {lot}: {otherwise}")


def _touched(event: Event) -> set[int]:
    """Lots that a step makes, moves or ends; ancestors first met from their descendants."""
    match event:
        case Transfer():
            return {event.id}
        case LotSplit():
            return {event.lot, *(part_id(event.lot, i) for i in range(len(event.energies_wh)))}
        case LotsMerged():
            return {event.lot, *event.lots}
        case LotMinted() | LotExchanged() | PermitsCancelled() | LotRetired():
            return {event.lot}
    return set()


def _told_elsewhere(event: Event, later: Event | None) -> bool:
    """Whether an ERC-721 Transfer only repeats a mint, an end, or the exchange logged right after it."""
    if not isinstance(event, Transfer):
        return False
    if ZERO_ADDRESS in (event.from_, event.to):
        return True
    return (
        isinstance(later, LotExchanged)
        and later.transaction_hash == event.transaction_hash
        and (later.lot, later.seller, later.buyer) == (event.id, event.from_, event.to)
    )


def _to_json(event: Event) -> dict[str, Any]:
    fields = {name: _shown(getattr(event, name)) for name, _, _ in event.layout}
    return {
        "event": type(event).__name__,
        "block": event.block_number,
        "transaction": "0x" + event.transaction_hash.hex(),
        "logIndex": event.log_index,
        "fields": fields,
    }


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return str(value)  # numbers too: other languages lose digits of a uint256


def _from_json(file: Any) -> tuple[Domain, int, list[Event]]:
    with reading("dispute file"):
        if file["format"] != FORMAT:
            raise BadInput(f"format: given {file['format']!r}, allowed {FORMAT!r}")
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
    if kind.endswith("[]"):
        return [_parsed(kind[:-2], item) for item in text]
    if kind == "address":
        if not is_address(text):
            raise BadInput(f"address: given {text!r}, allowed 20 bytes in hex")
        return to_checksum_address(text)
    if kind.startswith("bytes"):
        raw = bytes.fromhex(text.removeprefix("0x"))
        if kind != "bytes" and len(raw) != int(kind[5:]):
            raise BadInput(f"{kind}: given {len(raw)} bytes")
        return raw
    number = int(text)
    if not 0 <= number < 2**256:
        raise BadInput(f"{kind}: given {number}, allowed 0 … 2**256-1")
    return number
