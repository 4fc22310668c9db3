"""A committee that keeps an auction's quote key: nobody has it before all quotes are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from energy_trading.crypto._curve import address_of
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import GroupKey, Reconstruction, TooFewShares
from energy_trading.market.auction._board import Board, LocalBoard, deal_alone, open_key
from energy_trading.market.auction.charter import Charter
from energy_trading.market.auction.key_holder import KeyHolder, TooEarly


class Committee:
    """A committee whose key holders are all in this process, for one auction.

    Elsewhere each key holder runs alone; `make_key` and `disclose` show the order of the rounds.

    Args:
        members: the key holders that take part, all of one charter.
        board: where they publish.
    """

    def __init__(self, members: Sequence[KeyHolder], board: Board) -> None:
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
        """Form a committee and make its key.

        Args:
            names: of the key holders, all different.
            threshold: t, the number of key holders needed to open.
            chain_id: EIP-155 id of the auction's chain.
            contract: address of the auction contract.
            opens_at: the second at which quoting ends, unix seconds.
            clock: returns the chain's time in unix seconds (`Chain.now`).
            publisher: quote key of a publisher who deals it to the committee; None if nobody has all of it.

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
        members = [KeyHolder(charter, number, key, clock) for number, key in enumerate(keys, start=1)]
        committee = cls(members, LocalBoard())
        if outsider:
            deal_alone(charter, committee.board, outsider, publisher)
        committee.make_key()
        return committee

    def make_key(self) -> GroupKey:
        """Run the rounds: all key holders deal, all complain, all finish.

        Raises:
            TooFewDealers: see `group_key`.
            ShareRefused: see `KeyHolder.finish`.
        """
        for member in self.members:
            member.deal(self.board)
        for member in self.members:
            member.complain(self.board)
        first, *_ = [member.finish(self.board) for member in self.members]
        return first

    @property
    def public_key(self) -> bytes:
        """K, under which bidders seal their quotes, 33 bytes."""
        return self.members[0].commitments.public_key

    @property
    def address(self) -> str:
        """Address of K, against which the contract checks the disclosed key."""
        return address_of(self.public_key)

    def disclose(self) -> Reconstruction:
        """Ask every key holder for its share and rebuild the quote key.

        Raises:
            TooEarly: so many key holders refuse that there are too few shares.
            TooFewShares: too many key holders are silent or gave forged shares.

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
