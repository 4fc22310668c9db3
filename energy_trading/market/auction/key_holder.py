"""A key holder of a committee, which keeps its share and discloses it when quoting is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import (
    OUTSIDER,
    Commitments,
    DealRefused,
    GroupKey,
    Share,
    ShareRefused,
    check_deal,
    complain,
    deal,
    open_share,
    share_of,
)
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.files._json import check_object
from energy_trading.files.key_file import WORK_FACTOR, load_key, save_key
from energy_trading.files.state_file import load_state, save_state
from energy_trading.files.whole_file import FileExists
from energy_trading.market.auction._board import Board, deals_in, group_key, published
from energy_trading.market.auction.charter import Charter
from energy_trading.market.auction.message import Body, Message, commitments_from_json, commitments_to_json


class TooEarly(TryAgain):
    """Quotes may still come in, so no key holder discloses its share.

    Args:
        now: time of the chain, unix seconds.
        opens_at: first second of disclosure.
    """

    def __init__(self, now: int, opens_at: int) -> None:
        super().__init__(f"shares are disclosed from chain time {opens_at} on; it is {now}")
        self.now = now
        self.opens_at = opens_at


class NoShare(RuleBroken):
    """A key holder did not finish the ceremony.

    Args:
        name: the key holder's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no share because it did not finish the key ceremony")
        self.name = name


class KeyHolder:
    """One of the key holders of a committee; each should run where only its owner has access.

    Args:
        charter: of the committee.
        number: the key holder's, 1 … n.
        key: the key holder's own, for signatures and boxes; not the key of an account.
        clock: returns the chain's time in unix seconds (`Chain.now`); the key holder asks it itself.

    Raises:
        BadInput: the key is not the one in the charter for that number.
    """

    def __init__(self, charter: Charter, number: int, key: SecretKey, clock: Callable[[], int]) -> None:
        if number == OUTSIDER or charter.ceremony.key_of(number) != key.public_key:
            raise BadInput(f"the key of {key.address} is not the one in the charter for key holder {number}")
        self.charter = charter
        self.number = number
        self._key = key
        self._clock = clock
        self._commitments: Commitments | None = None
        self._share: Share | None = None

    @property
    def name(self) -> str:
        """Name in the charter."""
        return self.charter.names[self.number - 1]

    @property
    def commitments(self) -> Commitments:
        """Commitments to the group's key.

        Raises:
            NoShare: the ceremony was not finished.
        """
        if self._commitments is None:
            raise NoShare(self.name)
        return self._commitments

    def deal(self, board: Board) -> None:
        """Publish this key holder's part of the key, unless it did before a restart or an outsider deals."""
        ceremony = self.charter.ceremony
        done = {body.dealer for body in deals_in(published(self.charter, board))}
        if self.number in ceremony.dealers and self.number not in done:
            self._post(board, deal(ceremony, self.number))

    def complain(self, board: Board) -> None:
        """Publish a complaint about every dealer whose share for this key holder is wrong."""
        ceremony = self.charter.ceremony
        for each in deals_in(published(self.charter, board)):
            try:
                check_deal(ceremony, each)
                open_share(ceremony, each, self.number, self._key)
            except DealRefused:
                continue  # everybody can see that
            except ShareRefused:
                self._post(board, complain(ceremony, each, self.number, self._key))

    def finish(self, board: Board) -> GroupKey:
        """Compute the group's key and this key holder's share once all complaints are in; `save` comes next.

        Raises:
            TooFewDealers: too few deals are right.
            ShareRefused: a dealer gave a wrong share, and this key holder's complaint is not on the board.
        """
        group = group_key(self.charter, board)
        self._share = share_of(group, deals_in(published(self.charter, board)), self.number, self._key)
        self._commitments = group.commitments
        return group

    def disclose(self, board: Board) -> None:
        """Publish this key holder's share once quoting is over by the chain's time.

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
        """Write the share to an encrypted key file, and beside it the state it belongs to.

        Args:
            folder: an existing folder without a share.
            password: the key file's.
            work_factor: scrypt's N.

        Raises:
            NoShare: the ceremony was not finished.
            FileExists: the folder has a share already.
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
        # The key file comes last: a crash before it leaves a folder in which `save` works again.
        save_state(folder / "share.state.json", state, self._key)
        save_key(path, self._share.value, password, work_factor)

    @classmethod
    def load(cls, folder: Path, password: str, key: SecretKey, clock: Callable[[], int]) -> KeyHolder:
        """Load a key holder that finished its ceremony, after a restart.

        A restart during the ceremony needs only the charter, the key holder's own key and the board.

        Args:
            folder: the one passed to `save`.
            password: the key file's.
            key: the key holder's own.
            clock: as for a new key holder.

        Raises:
            WrongPassword: the password is wrong.
            FileExposed: the group or others have a permission on a file.
            StateForged: the state was changed, or is another key holder's.
            BadInput: a file is malformed.
            ShareForged: the share is not the one committed to.
        """
        state = load_state(folder / "share.state.json", key)
        fields = check_object(state, "key holder", {"charter", "number", "commitments"})
        holder = cls(Charter.from_json(fields["charter"]), fields["number"], key, clock)
        holder._commitments = commitments_from_json(fields["commitments"])
        holder._share = Share(holder.number, load_key(folder / "share.json", password))
        holder._commitments.check(holder._share)
        return holder

    def __repr__(self) -> str:
        return f"<KeyHolder {self.number} {self.name!r}>"

    def _post(self, board: Board, body: Body) -> None:
        board.post(Message.sign(self.charter.ceremony, body, self._key).to_json())
