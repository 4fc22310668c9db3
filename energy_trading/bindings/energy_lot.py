"""Typed EnergyLot, written by scripts/generate_bindings.py: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from energy_trading.bindings.contract import Call, Contract, ContractRevert, Event
from energy_trading.types import Injection, LotParameters, LotView, Terms


class AccountBalanceOverflow(ContractRevert):
    """The contract gives no reason."""

    signature = "AccountBalanceOverflow()"
    fields = ()
    meaning = ""


class BalanceQueryForZeroAddress(ContractRevert):
    """The contract gives no reason."""

    signature = "BalanceQueryForZeroAddress()"
    fields = ()
    meaning = ""


class BadEnergy(ContractRevert):
    """The energy of a lot must be between 1 Wh and the maximum."""

    energy_wh: int
    max: int

    signature = "EnergyLot_BadEnergy(uint256,uint256)"
    fields = ("energy_wh", "max")
    meaning = "the energy of a lot must be between 1 Wh and the maximum"


class BadSignature(ContractRevert):
    """The signature is not the signer's, or it is for another lot, price, nonce, deadline, contract or
    chain."""

    signer: str

    signature = "EnergyLot_BadSignature(address)"
    fields = ("signer",)
    meaning = "the signature is not the signer's, or it is for another lot, price, nonce, deadline, contract or chain"


class BadSlot(ContractRevert):
    """A slot must start at a multiple of its length, and it must be over before its energy is minted.
    The latest start that a lot can hold is 2**32 - 1, in 2106."""

    slot_start: int
    slot_seconds: int
    latest: int

    signature = "EnergyLot_BadSlot(uint256,uint256,uint256)"
    fields = ("slot_start", "slot_seconds", "latest")
    meaning = "a slot must start at a multiple of its length, and it must be over before its energy is minted. The latest start that a lot can hold is 2**32 - 1, in 2106"


class Expired(ContractRevert):
    """The deadline has passed."""

    given: int
    deadline: int

    signature = "EnergyLot_Expired(uint256,uint256)"
    fields = ("given", "deadline")
    meaning = "the deadline has passed"


class IdUsed(ContractRevert):
    """There is or was a lot of this id already: the reading was minted, or the part or the merged lot
    would take the place of another."""

    lot: int

    signature = "EnergyLot_IdUsed(uint256)"
    fields = ("lot",)
    meaning = "there is or was a lot of this id already: the reading was minted, or the part or the merged lot would take the place of another"


class MayNotProduce(ContractRevert):
    """The account is not open as a producer, or it is suspended or banned."""

    producer: str

    signature = "EnergyLot_MayNotProduce(address)"
    fields = ("producer",)
    meaning = "the account is not open as a producer, or it is suspended or banned"


class NoCoin(ContractRevert):
    """This function takes no coin."""

    value: int

    signature = "EnergyLot_NoCoin(uint256)"
    fields = ("value",)
    meaning = "this function takes no coin"


class NotOwner(ContractRevert):
    """Only the owner of the lot may do this."""

    lot: int
    caller: str
    owner: str

    signature = "EnergyLot_NotOwner(uint256,address,address)"
    fields = ("lot", "caller", "owner")
    meaning = "only the owner of the lot may do this"


class NotSeller(ContractRevert):
    """Only the seller of the trade may deliver."""

    caller: str
    seller: str

    signature = "EnergyLot_NotSeller(address,address)"
    fields = ("caller", "seller")
    meaning = "only the seller of the trade may deliver"


class OtherSlot(ContractRevert):
    """Merged lots must be of one slot."""

    lot: int
    slot_start: int
    needed: int

    signature = "EnergyLot_OtherSlot(uint256,uint256,uint256)"
    fields = ("lot", "slot_start", "needed")
    meaning = "merged lots must be of one slot"


class SelfExchange(ContractRevert):
    """Seller and buyer must be two accounts."""

    account: str

    signature = "EnergyLot_SelfExchange(address)"
    fields = ("account",)
    meaning = "seller and buyer must be two accounts"


class SlotBeforeTrade(ContractRevert):
    """The lot's slot must lie in the trade's time, from accept_by to deliver_by."""

    lot: int
    slot_start: int
    accept_by: int

    signature = "EnergyLot_SlotBeforeTrade(uint256,uint256,uint256)"
    fields = ("lot", "slot_start", "accept_by")
    meaning = "the lot's slot must lie in the trade's time, from accept_by to deliver_by"


class TooFew(ContractRevert):
    """A split must make two parts or more, and a merger must take two lots or more."""

    given: int

    signature = "EnergyLot_TooFew(uint256)"
    fields = ("given",)
    meaning = "a split must make two parts or more, and a merger must take two lots or more"


class TooManyChanges(ContractRevert):
    """The lot has changed hands too often; it can still be retired, split or merged."""

    lot: int
    max: int

    signature = "EnergyLot_TooManyChanges(uint256,uint256)"
    fields = ("lot", "max")
    meaning = "the lot has changed hands too often; it can still be retired, split or merged"


class WrongSum(ContractRevert):
    """The parts do not add up to the lot."""

    energy_wh: int
    parts: int

    signature = "EnergyLot_WrongSum(uint256,uint256)"
    fields = ("energy_wh", "parts")
    meaning = "the parts do not add up to the lot"


class NotOwnerNorApproved(ContractRevert):
    """The contract gives no reason."""

    signature = "NotOwnerNorApproved()"
    fields = ()
    meaning = ""


class TokenAlreadyExists(ContractRevert):
    """The contract gives no reason."""

    signature = "TokenAlreadyExists()"
    fields = ()
    meaning = ""


class TokenDoesNotExist(ContractRevert):
    """The contract gives no reason."""

    signature = "TokenDoesNotExist()"
    fields = ()
    meaning = ""


class TransferFromIncorrectOwner(ContractRevert):
    """The contract gives no reason."""

    signature = "TransferFromIncorrectOwner()"
    fields = ()
    meaning = ""


class TransferToNonERC721ReceiverImplementer(ContractRevert):
    """The contract gives no reason."""

    signature = "TransferToNonERC721ReceiverImplementer()"
    fields = ()
    meaning = ""


class TransferToZeroAddress(ContractRevert):
    """The contract gives no reason."""

    signature = "TransferToZeroAddress()"
    fields = ()
    meaning = ""


@dataclass(frozen=True)
class Approval(Event):
    """Approval (OpenZeppelin)."""

    owner: str
    account: str
    id: int

    signature: ClassVar[str] = "Approval(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("owner", "address", True),
        ("account", "address", True),
        ("id", "uint256", True),
    )


@dataclass(frozen=True)
class ApprovalForAll(Event):
    """ApprovalForAll (OpenZeppelin)."""

    owner: str
    operator: str
    is_approved: bool

    signature: ClassVar[str] = "ApprovalForAll(address,address,bool)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("owner", "address", True),
        ("operator", "address", True),
        ("is_approved", "bool", False),
    )


@dataclass(frozen=True)
class LotExchanged(Event):
    """The owner changed against payment. The fields are what both signed, with both signatures.

    Args:
        lot: Id.
        seller: Owner before.
        buyer: Owner from now on.
        price: Units of account, paid to the seller.
        nonce: Nonce of the lot in the permit.
        deadline: Unix seconds; the permit could be used before.
        msg_addr: Where the buyer can be reached (eq 2).
        permit: Permit_B, the seller's signature (eq 8).
        acceptance: sign_A, the buyer's signature.
    """

    lot: int
    seller: str
    buyer: str
    price: int
    nonce: int
    deadline: int
    msg_addr: bytes
    permit: bytes
    acceptance: bytes

    signature: ClassVar[str] = (
        "LotExchanged(uint256,address,address,uint256,uint256,uint256,bytes32,bytes,bytes)"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("seller", "address", True),
        ("buyer", "address", True),
        ("price", "uint256", False),
        ("nonce", "uint256", False),
        ("deadline", "uint256", False),
        ("msg_addr", "bytes32", False),
        ("permit", "bytes", False),
        ("acceptance", "bytes", False),
    )


@dataclass(frozen=True)
class LotMinted(Event):
    """The DSO's certificate became a lot. The fields are what it signed, with its signature.

    Args:
        lot: Id: the reading's hash.
        producer: Account that got the lot.
        dso: Account whose signature it is.
        energy_wh: Energy in Wh.
        slot_start: Start of the delivery slot, unix seconds.
        meter: keccak256 of the ERC-7913 signer that signed the reading.
        public_key: The producer's public key, or empty.
        msg_addr: Where the producer can be reached.
        nonce: Serial number of the DSO.
        deadline: Unix seconds; the certificate could be used before.
        certificate: sign_D, the DSO's signature.
    """

    lot: int
    producer: str
    dso: str
    energy_wh: int
    slot_start: int
    meter: bytes
    public_key: bytes
    msg_addr: bytes
    nonce: int
    deadline: int
    certificate: bytes

    signature: ClassVar[str] = (
        "LotMinted(uint256,address,address,uint256,uint256,bytes32,bytes,bytes32,uint256,uint256,bytes)"
    )
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("producer", "address", True),
        ("dso", "address", True),
        ("energy_wh", "uint256", False),
        ("slot_start", "uint256", False),
        ("meter", "bytes32", False),
        ("public_key", "bytes", False),
        ("msg_addr", "bytes32", False),
        ("nonce", "uint256", False),
        ("deadline", "uint256", False),
        ("certificate", "bytes", False),
    )


@dataclass(frozen=True)
class LotRetired(Event):
    """The energy was consumed.

    Args:
        lot: Id of the lot that ended.
        owner: Account that consumed it.
        energy_wh: Energy in Wh.
    """

    lot: int
    owner: str
    energy_wh: int

    signature: ClassVar[str] = "LotRetired(uint256,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("owner", "address", True),
        ("energy_wh", "uint256", False),
    )


@dataclass(frozen=True)
class LotSplit(Event):
    """A lot became several of the same owner and slot. The i-th has the id `part_id`(lot, i).

    Args:
        lot: Id of the lot that ended.
        owner: Owner of it and its parts.
        energies_wh: Energies of the parts in Wh.
    """

    lot: int
    owner: str
    energies_wh: Sequence[int]

    signature: ClassVar[str] = "LotSplit(uint256,address,uint256[])"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("owner", "address", True),
        ("energies_wh", "uint256[]", False),
    )


@dataclass(frozen=True)
class LotsDelivered(Event):
    """Lots fulfilled a trade of the offer market.

    Args:
        trade_id: Hash of the trade's terms.
        seller: Owner before.
        buyer: Owner from now on.
        lots: Ids of the lots.
    """

    trade_id: bytes
    seller: str
    buyer: str
    lots: Sequence[int]

    signature: ClassVar[str] = "LotsDelivered(bytes32,address,address,uint256[])"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("trade_id", "bytes32", True),
        ("seller", "address", True),
        ("buyer", "address", True),
        ("lots", "uint256[]", False),
    )


@dataclass(frozen=True)
class LotsMerged(Event):
    """Lots of one owner and slot became one.

    Args:
        lot: Id of the new lot.
        owner: Owner of all of them.
        lots: Ids of the lots that ended.
    """

    lot: int
    owner: str
    lots: Sequence[int]

    signature: ClassVar[str] = "LotsMerged(uint256,address,uint256[])"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("owner", "address", True),
        ("lots", "uint256[]", False),
    )


@dataclass(frozen=True)
class PermitsCancelled(Event):
    """The owner withdrew every permit that it had signed for the lot.

    Args:
        lot: Id.
        nonce: Nonce that permits must carry from now on.
    """

    lot: int
    nonce: int

    signature: ClassVar[str] = "PermitsCancelled(uint256,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("lot", "uint256", True),
        ("nonce", "uint256", False),
    )


@dataclass(frozen=True)
class Transfer(Event):
    """Transfer (OpenZeppelin)."""

    from_: str
    to: str
    id: int

    signature: ClassVar[str] = "Transfer(address,address,uint256)"
    layout: ClassVar[tuple[tuple[str, str, bool], ...]] = (
        ("from_", "address", True),
        ("to", "address", True),
        ("id", "uint256", True),
    )


class EnergyLot(Contract):
    """Energy lot. Injected energy as an ERC-721 token, certified by the DSO (distribution system
    operator). Its owner changes by permit and acceptance, and is paid in the same transaction."""

    name: ClassVar[str] = "EnergyLot"
    constructor_types: ClassVar[tuple[str, ...]] = ("(address,address,uint256)",)

    def domain_separator(self) -> bytes:
        """EIP-712 domain separator (ERC-4494).

        Returns:
            The separator for this contract and chain.
        """
        answer: bytes = self._read("DOMAIN_SEPARATOR()", (), [], ("bytes32",))
        return answer

    def approve(self, account: str, lot: int, *, value: int = 0) -> Call[None]:
        """Sets `account` as the approved account to manage token `id`. Requirements: - Token `id` must
        exist. - The caller must be the owner of the token, or an approved operator for the token
        owner. Emits an `Approval` event.
        """
        return self._encode("approve(address,uint256)", ("address", "uint256"), [account, lot], value, ())

    def balance_of(self, owner: str) -> int:
        """Returns the number of tokens owned by `owner`. Requirements: - `owner` must not be the zero
        address.
        """
        answer: int = self._read("balanceOf(address)", ("address",), [owner], ("uint256",))
        return answer

    def cancel_permits(self, lot: int) -> Call[None]:
        """Makes every permit that was signed for the lot void, those of ERC-4494 too. Only the owner
        may call it.

        Emits `PermitsCancelled`. Reverts: `NotOwner`, `TooManyChanges`.

        Args:
            lot: Id.

        Source:
            C-7
        """
        return self._encode("cancelPermits(uint256)", ("uint256",), [lot], 0, ())

    def deliver(self, terms: Terms, buyer: str, lots: Sequence[int]) -> Call[None]:
        """Fulfils an accepted trade of the offer market with lots in place of a meter's receipt. Only
        the seller of the trade may call it. The market settles in the same transaction, in full or
        short, as for a receipt over the lots' energy. The buyer must have named its
        `receipt_signer` at acceptance. The slot of each lot must lie in the trade's time: it starts
        at accept_by or later and ends before deliver_by, since it is over when the lot is minted.
        Energy of an earlier slot is sold by `exchange`. Lots beyond the agreed energy are given
        away, so split them first. Terms that hide the energy are refused.

        Emits `LotsDelivered`. Reverts: `NotSeller`, `NotOwner`, `SlotBeforeTrade`, and as
        `confirm_delivery`; then no lot moves.

        Args:
            terms: The offer.
            buyer: Account that accepted it.
            lots: Ids of lots of the caller.

        Source:
            N-3, C-8
        """
        return self._encode(
            "deliver((address,address,bytes32,uint256,uint256,uint256,uint256),address,uint256[])",
            ("(address,address,bytes32,uint256,uint256,uint256,uint256)", "address", "uint256[]"),
            [terms, buyer, lots],
            0,
            (),
        )

    def eip712_domain(self) -> tuple[bytes, str, str, int, str, bytes, Sequence[int]]:
        """See: https://eips.ethereum.org/EIPS/eip-5267"""
        answer: tuple[bytes, str, str, int, str, bytes, Sequence[int]] = self._read(
            "eip712Domain()",
            (),
            [],
            ("bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"),
        )
        return answer

    def exchange(
        self,
        lot: int,
        buyer: str,
        price: int,
        deadline: int,
        msg_addr: bytes,
        permit_: bytes,
        acceptance: bytes,
    ) -> Call[None]:
        """Changes the owner and pays the old one in the same transaction. Anyone may submit the two
        signatures. The permit carries the lot's nonce, so it becomes void with any change of owner.
        The acceptance repeats the permit, so nobody can be made to pay another price than agreed.

        Emits `LotExchanged`. Reverts: `Expired`, `SelfExchange`, `BadSignature`, and as `transfer`.
        Rounding: none.

        Args:
            lot: Id.
            buyer: New owner (pubK_A as an account).
            price: Units of account from the buyer's available funds to the seller's.
            deadline: Unix seconds; valid while block.timestamp < deadline.
            msg_addr: Where the buyer can be reached.
            acceptance: The buyer's EIP-712 signature of the ExchangeAcceptance.

        Source:
            C-7, C-8, C-9
        """
        return self._encode(
            "exchange(uint256,address,uint256,uint256,bytes32,bytes,bytes)",
            ("uint256", "address", "uint256", "uint256", "bytes32", "bytes", "bytes"),
            [lot, buyer, price, deadline, msg_addr, permit_, acceptance],
            0,
            (),
        )

    def get_approved(self, id: int) -> str:
        """Returns the account approved to manage token `id`. Requirements: - Token `id` must exist."""
        answer: str = self._read("getApproved(uint256)", ("uint256",), [id], ("address",))
        return answer

    def is_approved_for_all(self, owner: str, operator: str) -> bool:
        """Returns whether `operator` is approved to manage the tokens of `owner`."""
        answer: bool = self._read(
            "isApprovedForAll(address,address)", ("address", "address"), [owner, operator], ("bool",)
        )
        return answer

    def lot_of(self, lot: int) -> LotView:
        """Everything about a lot.

        Args:
            lot: Id.

        Returns:
            What is known about it; the state of an unknown lot is `LotState.NONE`.
        """
        answer: LotView = self._read(
            "lotOf(uint256)",
            ("uint256",),
            [lot],
            ("(address,uint256,uint256,uint256,uint8)",),
            LotView.from_abi,
        )
        return answer

    def lot_parameters(self) -> LotParameters:
        """The parameters of the lots.

        Returns:
            As given to the constructor.
        """
        answer: LotParameters = self._read(
            "lotParameters()", (), [], ("(address,address,uint256)",), LotParameters.from_abi
        )
        return answer

    def merge(self, lots: Sequence[int]) -> Call[int]:
        """Ends several lots and makes one of them. Only the owner of all of them may call it.

        Emits `LotsMerged`. Reverts: `TooFew`, `NotOwner` (also for a lot named twice), `OtherSlot`,
        `BadEnergy`, `IdUsed`.

        Args:
            lots: Ids of two or more lots of one slot, each named once.

        Returns:
            Id of the new lot, `merged_id` of the others.

        Source:
            C-4
        """
        return self._encode("merge(uint256[])", ("uint256[]",), [lots], 0, ("uint256",))

    def merged_id(self, lots: Sequence[int]) -> int:
        """Id of the lot that lots merge into.

        Args:
            lots: Ids of the lots, in the order of `merge`.

        Returns:
            Id of the new lot.
        """
        answer: int = self._read("mergedId(uint256[])", ("uint256[]",), [lots], ("uint256",))
        return answer

    def mint(self, injection: Injection, signature: bytes) -> Call[int]:
        """Makes a lot of an injection that the DSO has certified. Anyone may submit the certificate,
        and the DSO need not be online. The DSO checks the meter's signature before it certifies;
        this contract does not.

        The DSO is the ledger's owner. Emits `LotMinted`. Reverts: `Expired`, `BadEnergy`,
        `BadSlot`, `IdUsed`, `MayNotProduce`, `BadSignature`. The reading is the EIP-712 struct hash
        of what the meter signs: InjectionReading(bytes meter,uint256 slot_start,uint256 energy_wh)

        Args:
            injection: What the DSO signed.
            signature: sign_D: the DSO's EIP-712 signature (65 or 64 bytes, or ERC-1271).

        Returns:
            Id: the reading's hash.

        Source:
            C-4
        """
        return self._encode(
            "mint((address,uint256,uint256,bytes32,bytes32,bytes,bytes32,uint256,uint256),bytes)",
            ("(address,uint256,uint256,bytes32,bytes32,bytes,bytes32,uint256,uint256)", "bytes"),
            [injection, signature],
            0,
            ("uint256",),
        )

    def name_(self) -> str:
        """Returns the token collection name."""
        answer: str = self._read("name()", (), [], ("string",))
        return answer

    def nonces(self, lot: int) -> int:
        """Nonce that permits of a lot must carry (ERC-4494).

        Args:
            lot: Id.

        Returns:
            Changes of owner and cancellations so far.
        """
        answer: int = self._read("nonces(uint256)", ("uint256",), [lot], ("uint256",))
        return answer

    def owner_of(self, id: int) -> str:
        """Returns the owner of token `id`. Requirements: - Token `id` must exist."""
        answer: str = self._read("ownerOf(uint256)", ("uint256",), [id], ("address",))
        return answer

    def part_id(self, lot: int, i: int) -> int:
        """Id of a part of a lot that was split.

        Args:
            lot: Id of the lot.
            i: Place of the part, from 0.

        Returns:
            Id of the part.
        """
        answer: int = self._read("partId(uint256,uint256)", ("uint256", "uint256"), [lot, i], ("uint256",))
        return answer

    def permit(
        self, spender: str, lot: int, deadline: int, signature: bytes, *, value: int = 0
    ) -> Call[None]:
        """Approves a spender by the owner's signature (ERC-4494), so that ordinary tools work. Anyone
        may submit the signature, and it can be submitted again until the lot changes hands.

        Emits `Approval`. Submitted by a front-runner it does what the owner wanted. Reverts:
        `Expired`, `BadSignature`, `NoCoin`.

        Args:
            spender: Account that may transfer the lot.
            lot: Id.
            deadline: Unix seconds; valid while block.timestamp <= deadline, as ERC-4494 has it.
            signature: The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
        """
        return self._encode(
            "permit(address,uint256,uint256,bytes)",
            ("address", "uint256", "uint256", "bytes"),
            [spender, lot, deadline, signature],
            value,
            (),
        )

    def receipt_signer(self, buyer: str) -> bytes:
        """ERC-7913 signer that a buyer names at acceptance to be delivered in lots.

        Args:
            buyer: Account that accepts an offer.

        Returns:
            This contract's address followed by the buyer's.
        """
        answer: bytes = self._read("receiptSigner(address)", ("address",), [buyer], ("bytes",))
        return answer

    def retire(self, lot: int) -> Call[None]:
        """Ends a lot whose energy its owner has consumed, for ever. Only the owner may call it.

        Emits `LotRetired`. Reverts: `NotOwner`.

        Args:
            lot: Id.

        Source:
            C-4
        """
        return self._encode("retire(uint256)", ("uint256",), [lot], 0, ())

    def safe_transfer_from(self, from_: str, to: str, id: int, *, value: int = 0) -> Call[None]:
        """Equivalent to `safe_transfer_from(from, to, id, "")`."""
        return self._encode(
            "safeTransferFrom(address,address,uint256)",
            ("address", "address", "uint256"),
            [from_, to, id],
            value,
            (),
        )

    def safe_transfer_from_with_data(
        self, from_: str, to: str, id: int, data: bytes, *, value: int = 0
    ) -> Call[None]:
        """Transfers token `id` from `from` to `to`. Requirements: - Token `id` must exist. - `from`
        must be the owner of the token. - `to` cannot be the zero address. - The caller must be the
        owner of the token, or be approved to manage the token. - If `to` refers to a smart
        contract, it must implement `IERC721Receiver-onERC721Received`, which is called upon a safe
        transfer. Emits a `Transfer` event.
        """
        return self._encode(
            "safeTransferFrom(address,address,uint256,bytes)",
            ("address", "address", "uint256", "bytes"),
            [from_, to, id, data],
            value,
            (),
        )

    def set_approval_for_all(self, operator: str, is_approved: bool) -> Call[None]:
        """Sets whether `operator` is approved to manage the tokens of the caller. Emits an
        `ApprovalForAll` event.
        """
        return self._encode(
            "setApprovalForAll(address,bool)", ("address", "bool"), [operator, is_approved], 0, ()
        )

    def split(self, lot: int, energies_wh: Sequence[int]) -> Call[None]:
        """Ends a lot and makes several of it. Permits and approvals of the lot end with it. Only the
        owner may call it.

        Emits `LotSplit`. Reverts: `NotOwner`, `TooFew`, `BadEnergy`, `IdUsed`, `WrongSum`.

        Args:
            lot: Id.
            energies_wh: Two or more energies in Wh that add up to the lot's.

        Source:
            C-4
        """
        return self._encode("split(uint256,uint256[])", ("uint256", "uint256[]"), [lot, energies_wh], 0, ())

    def supports_interface(self, interface_id: bytes) -> bool:
        """Returns true if this contract implements the interface defined by `interface_id`. See:
        https://eips.ethereum.org/EIPS/eip-165 This function call must use less than 30000 gas.
        """
        answer: bool = self._read("supportsInterface(bytes4)", ("bytes4",), [interface_id], ("bool",))
        return answer

    def symbol(self) -> str:
        """Returns the token collection symbol."""
        answer: str = self._read("symbol()", (), [], ("string",))
        return answer

    def token_uri(self, lot: int) -> str:
        """Returns the Uniform Resource Identifier (URI) for token `id`."""
        answer: str = self._read("tokenURI(uint256)", ("uint256",), [lot], ("string",))
        return answer

    def transfer_from(self, from_: str, to: str, id: int, *, value: int = 0) -> Call[None]:
        """Transfers token `id` from `from` to `to`. Requirements: - Token `id` must exist. - `from`
        must be the owner of the token. - `to` cannot be the zero address. - The caller must be the
        owner of the token, or be approved to manage the token. Emits a `Transfer` event.
        """
        return self._encode(
            "transferFrom(address,address,uint256)",
            ("address", "address", "uint256"),
            [from_, to, id],
            value,
            (),
        )

    def verify(self, key: bytes, hash: bytes, signature: bytes) -> bytes:
        """Signs as `receipt_signer` (ERC-7913): at any time that a trade was accepted by its buyer,
        and only during `deliver` that its energy was received.

        Args:
            key: The buyer, 20 bytes.
            hash: Digest of the offer market's Acceptance or Receipt.
            signature: abi.encode(trade_id) for an acceptance, empty for a receipt.

        Returns:
            Selector of this function if it signs, else 0xffffffff.

        Source:
            N-3, C-8
        """
        answer: bytes = self._read(
            "verify(bytes,bytes32,bytes)", ("bytes", "bytes32", "bytes"), [key, hash, signature], ("bytes4",)
        )
        return answer
