"""A committee that keeps an auction's quote key: none of its members has it before the quotes are all in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from eth_abi.abi import encode
from eth_utils.address import is_address
from eth_utils.crypto import keccak

from energy_trading.crypto.curve import address_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import (
    OUTSIDER,
    Ceremony,
    Commitments,
    Complaint,
    Deal,
    DealRefused,
    GroupKey,
    Reconstruction,
    Share,
    ShareRefused,
    TooFewShares,
    check_deal,
    combine,
    complain,
    deal,
    open_share,
    reconstruct,
    share_of,
)
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.files.json import check_integer, check_list, check_object, from_hex, parse_json, to_hex
from energy_trading.files.key_file import WORK_FACTOR, load_key, save_key
from energy_trading.files.state_file import load_state, save_state
from energy_trading.files.whole_file import FileExists
from energy_trading.market.auction.committee_message import (
    Body,
    Message,
    MessageForged,
    commitments_from_json,
    commitments_to_json,
)


class TooEarly(TryAgain):
    """Quotes may still come in, so no member gives its share away.

    Args:
        now: time of the chain, unix seconds.
        opens_at: first second of disclosure.
    """

    def __init__(self, now: int, opens_at: int) -> None:
        super().__init__(f"disclosure: given the chain time {now}, allowed {opens_at} or later")
        self.now = now
        self.opens_at = opens_at


class NoShare(RuleBroken):
    """A member did not finish the ceremony.

    Args:
        name: the member's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: given no share, allowed a member that finished the ceremony")
        self.name = name


@dataclass(frozen=True)
class Charter:
    """What a committee is for; one key for one auction.

    Args:
        chain_id: EIP-155 id of the auction's chain.
        contract: address of the auction contract.
        opens_at: the second at which quoting ends, from which members disclose; unix seconds.
        threshold: t, members needed.
        names: of the members, all different.
        keys: the members' public keys, 33 bytes each, in the same order.
        outsider: public key of a publisher who deals alone; None if the members deal together.
        salt: 32 bytes that tell auctions apart.

    Raises:
        BadInput: a value out of range.

    Source:
        X-6 and its errata.
    """

    chain_id: int
    contract: str
    opens_at: int
    threshold: int
    names: tuple[str, ...]
    keys: tuple[bytes, ...]
    outsider: bytes | None = None
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if not is_address(self.contract):
            raise BadInput(f"contract: given {self.contract!r}, allowed an address")
        if len(self.salt) != 32:
            raise BadInput(f"salt: given {len(self.salt)} bytes, allowed 32")
        if len(self.names) != len(self.keys) or len(set(self.names)) != len(self.names):
            raise BadInput(f"names: given {list(self.names)}, allowed a different one for each key")
        check_integer(self.chain_id, "chain id")
        check_integer(self.opens_at, "opens at")
        _ = self.ceremony  # it checks threshold and keys

    @cached_property
    def ceremony(self) -> Ceremony:
        """The key ceremony, bound to all that the charter says."""
        purpose = encode(
            ["uint256", "address", "uint256", "string[]", "bytes32"],
            [self.chain_id, self.contract, self.opens_at, self.names, self.salt],
        )
        return Ceremony(keccak(purpose), self.threshold, self.keys, self.outsider)

    def to_json(self) -> dict[str, Any]:
        """Return an object for `json.dumps`; all of it is public."""
        return {
            "chainId": self.chain_id,
            "contract": self.contract,
            "opensAt": self.opens_at,
            "threshold": self.threshold,
            "names": list(self.names),
            "keys": [to_hex(key) for key in self.keys],
            "outsider": None if self.outsider is None else to_hex(self.outsider),
            "salt": to_hex(self.salt),
        }

    @classmethod
    def from_json(cls, value: Any) -> Charter:
        """Read the object of `to_json`.

        Raises:
            BadInput: a field is malformed.
        """
        names = {"chainId", "contract", "opensAt", "threshold", "names", "keys", "outsider", "salt"}
        fields = check_object(value, "charter", names)
        outsider = fields["outsider"]
        return cls(
            fields["chainId"],
            fields["contract"],
            fields["opensAt"],
            check_integer(fields["threshold"], "threshold"),
            tuple(map(str, check_list(fields["names"], "names"))),
            tuple(from_hex(key, "key") for key in check_list(fields["keys"], "keys")),
            None if outsider is None else from_hex(outsider, "outsider"),
            from_hex(fields["salt"], "salt"),
        )


class Board(Protocol):
    """Where messages are published: all members see the same ones, whatever carries them."""

    def post(self, message: dict[str, Any]) -> None:
        """Publish a JSON object."""

    def read(self) -> Iterable[Any]:
        """Return all JSON objects that were published."""


class LocalBoard:
    """A board inside one process."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def post(self, message: dict[str, Any]) -> None:
        """Publish a JSON object."""
        self._lines.append(json.dumps(message))

    def read(self) -> list[Any]:
        """Return all JSON objects that were published."""
        return [parse_json(line, "message") for line in self._lines]


def published(charter: Charter, board: Board) -> list[Body]:
    """Return what the members said; what is malformed or forged was said by nobody."""
    bodies = []
    for value in board.read():
        try:
            message = Message.from_json(value)
            message.check(charter.ceremony)
        except (BadInput, MessageForged):
            continue
        bodies.append(message.body)
    return bodies


def group_key(charter: Charter, board: Board) -> GroupKey:
    """Return the key that the board's messages make: the same for members, publisher and bidders.

    Args:
        charter: of the committee.
        board: as it stood when the round of complaints ended.

    Raises:
        TooFewDealers: too few right deals.

    Source:
        X-6 errata.
    """
    bodies = published(charter, board)
    complaints = [body for body in bodies if isinstance(body, Complaint)]
    return combine(charter.ceremony, _deals(bodies), complaints)


def open_key(commitments: Commitments, charter: Charter, board: Board) -> Reconstruction:
    """Bring the quote key back from the shares that were disclosed.

    Args:
        commitments: of the key, as they were when the rounds ended: a late complaint must not change it.
        charter: of the committee.
        board: with the disclosed shares.

    Returns:
        The key for the contract's disclosure, and who gave a forged share.

    Raises:
        TooFewShares: fewer than t right shares are there.

    Source:
        X-6.
    """
    shares = [body for body in published(charter, board) if isinstance(body, Share)]
    return reconstruct(commitments, shares)


class Member:
    """A member of a committee; each would run where only its owner has access.

    Args:
        charter: of the committee.
        number: the member's, 1 … n.
        key: the member's own, for signatures and boxes; not the key of an account.
        clock: time of the chain in unix seconds (`Chain.now`): the member asks it itself.

    Raises:
        BadInput: the key is not the charter's for that number.
    """

    def __init__(self, charter: Charter, number: int, key: SecretKey, clock: Callable[[], int]) -> None:
        if number == OUTSIDER or charter.ceremony.key_of(number) != key.public_key:
            raise BadInput(f"member {number}: given the key of {key.address}, allowed the charter's")
        self.charter = charter
        self.number = number
        self._key = key
        self._clock = clock
        self._commitments: Commitments | None = None
        self._share: Share | None = None

    @property
    def name(self) -> str:
        """As in the charter."""
        return self.charter.names[self.number - 1]

    @property
    def commitments(self) -> Commitments:
        """Of the group's key.

        Raises:
            NoShare: the ceremony was not finished.
        """
        if self._commitments is None:
            raise NoShare(self.name)
        return self._commitments

    def deal(self, board: Board) -> None:
        """Publish this member's part of the key, unless it was before a restart or an outsider deals."""
        ceremony = self.charter.ceremony
        done = {body.dealer for body in _deals(published(self.charter, board))}
        if self.number in ceremony.dealers and self.number not in done:
            self._post(board, deal(ceremony, self.number))

    def complain(self, board: Board) -> None:
        """Publish a complaint about every dealer whose share for this member is wrong."""
        ceremony = self.charter.ceremony
        for each in _deals(published(self.charter, board)):
            try:
                check_deal(ceremony, each)
                open_share(ceremony, each, self.number, self._key)
            except DealRefused:
                continue  # everybody sees that
            except ShareRefused:
                self._post(board, complain(ceremony, each, self.number, self._key))

    def finish(self, board: Board) -> GroupKey:
        """Compute the group's key and this member's share, when complaints are all in; `save` comes next.

        Raises:
            TooFewDealers: too few right deals.
            ShareRefused: a dealer in it gave a wrong share and no complaint of this member is on the board.
        """
        group = group_key(self.charter, board)
        self._share = share_of(group, _deals(published(self.charter, board)), self.number, self._key)
        self._commitments = group.commitments
        return group

    def disclose(self, board: Board) -> None:
        """Publish this member's share, once the chain says that quoting is over.

        Raises:
            TooEarly: the chain's time is before `opens_at`.
            NoShare: the ceremony was not finished.

        Source:
            X-6.
        """
        if self._share is None:
            raise NoShare(self.name)
        now = self._clock()
        if now < self.charter.opens_at:
            raise TooEarly(now, self.charter.opens_at)
        self._post(board, self._share)

    def save(self, folder: Path, password: str, work_factor: int = WORK_FACTOR) -> None:
        """Write the share to an encrypted key file, and beside it what it belongs to.

        Args:
            folder: that exists and has no share in it yet.
            password: of the key file.
            work_factor: scrypt's N.

        Raises:
            NoShare: the ceremony was not finished.
            FileExists: the folder has a share.
        """
        if self._share is None:
            raise NoShare(self.name)
        state = {
            "charter": self.charter.to_json(),
            "number": self.number,
            "commitments": commitments_to_json(self.commitments),
        }
        path = folder / "share.json"
        if path.exists():
            raise FileExists(path)
        # The key file last: a crash before it leaves a folder in which `save` works again.
        save_state(folder / "share.state.json", state, self._key)
        save_key(path, self._share.value, password, work_factor)

    @classmethod
    def load(cls, folder: Path, password: str, key: SecretKey, clock: Callable[[], int]) -> Member:
        """Read a member that finished its ceremony back after a restart.

        Before that a restart needs the charter, the member's own key and the board only: see `Member`.

        Args:
            folder: as given to `save`.
            password: of the key file.
            key: the member's own.
            clock: as in `Member`.

        Raises:
            WrongPassword: the password is another.
            FileExposed: group or world have a permission on a file.
            StateForged: the state was changed, or is another member's.
            BadInput: a file has another form.
            ShareForged: the share is another than the one committed to.
        """
        state = load_state(folder / "share.state.json", key)
        fields = check_object(state, "member", {"charter", "number", "commitments"})
        member = cls(Charter.from_json(fields["charter"]), fields["number"], key, clock)
        member._commitments = commitments_from_json(fields["commitments"])
        member._share = Share(member.number, load_key(folder / "share.json", password))
        member._commitments.check(member._share)
        return member

    def __repr__(self) -> str:
        """Tell the public side only."""
        return f"<Member {self.number} {self.name!r}>"

    def _post(self, board: Board, body: Body) -> None:
        board.post(Message.sign(self.charter.ceremony, body, self._key).to_json())


class Committee:
    """A committee whose members are all in this process, for one auction.

    Elsewhere each member runs alone; `make_key` and `disclose` show the order of the rounds.

    Args:
        members: those that take part, of one charter.
        board: where they publish.
    """

    def __init__(self, members: Sequence[Member], board: Board) -> None:
        self.charter = members[0].charter
        self.members = tuple(members)
        self.board = board

    @classmethod
    def form(
        cls,
        names: Sequence[str],
        threshold: int,
        chain_id: int,
        contract: str,
        opens_at: int,
        clock: Callable[[], int],
        publisher: SecretKey | None = None,
    ) -> Committee:
        """Make a committee and its key.

        Args:
            names: of the members, all different.
            threshold: t, members needed to open.
            chain_id: EIP-155 id of the auction's chain.
            contract: address of the auction contract.
            opens_at: the second at which quoting ends, unix seconds.
            clock: time of the chain (`Chain.now`).
            publisher: quote key of a publisher who deals it to the committee; None: nobody has the whole key.

        Raises:
            BadInput: see `Charter`.
            TooFewDealers: see `group_key`.

        Source:
            X-5 and the errata of X-6.
        """
        keys = [SecretKey.generate() for _ in names]
        outsider = SecretKey.generate() if publisher else None
        charter = Charter(
            chain_id,
            contract,
            opens_at,
            threshold,
            tuple(names),
            tuple(key.public_key for key in keys),
            outsider.public_key if outsider else None,
        )
        members = [Member(charter, number, key, clock) for number, key in enumerate(keys, start=1)]
        committee = cls(members, LocalBoard())
        if outsider:
            deal_alone(charter, committee.board, outsider, publisher)
        committee.make_key()
        return committee

    def make_key(self) -> GroupKey:
        """Run the rounds: all deal, all complain, all finish.

        Raises:
            TooFewDealers: see `group_key`.
            ShareRefused: see `Member.finish`.
        """
        for member in self.members:
            member.deal(self.board)
        for member in self.members:
            member.complain(self.board)
        first, *_ = [member.finish(self.board) for member in self.members]
        return first

    @property
    def public_key(self) -> bytes:
        """K, under which bidders seal, 33 bytes."""
        return self.members[0].commitments.public_key

    @property
    def address(self) -> str:
        """Address of K, against which the contract checks the disclosed key."""
        return address_of(self.public_key)

    def disclose(self) -> Reconstruction:
        """Ask every member for its share and bring the quote key back.

        Raises:
            TooEarly: so many members refuse that too few shares are there.
            TooFewShares: too many members are silent, or gave forged shares.

        Source:
            X-6.
        """
        refused: TooEarly | None = None
        for member in self.members:
            try:
                member.disclose(self.board)
            except TooEarly as error:
                refused = error
        try:
            return open_key(self.members[0].commitments, self.charter, self.board)
        except TooFewShares as error:
            raise refused or error from None


def deal_alone(charter: Charter, board: Board, publisher: SecretKey, quote_key: SecretKey | None) -> None:
    """Publish a publisher's deal of the whole quote key.

    Args:
        charter: that names the publisher as outsider.
        board: of the committee.
        publisher: the key that the charter names.
        quote_key: k; None draws one.
    """
    body = deal(charter.ceremony, OUTSIDER, quote_key)
    board.post(Message.sign(charter.ceremony, body, publisher).to_json())


def _deals(bodies: Iterable[Body]) -> list[Deal]:
    return [body for body in bodies if isinstance(body, Deal)]
