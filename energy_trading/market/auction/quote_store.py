"""A bidder's own quotes, in a file from before they are sent, with what it takes to prove them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, fresh_ephemeral, open_own_quote, seal
from energy_trading.errors import BadInput
from energy_trading.files._json import check_object, from_hex, to_hex
from energy_trading.files.journal import Journaled


class QuoteStatus(StrEnum):
    """What became of a quote; it changes only in this order, and WON and LOST are final."""

    SEALED = "sealed"
    SENT = "sent"
    WON = "won"
    LOST = "lost"


_NEXT: Final = {
    QuoteStatus.SEALED: {QuoteStatus.SENT, QuoteStatus.WON, QuoteStatus.LOST},
    QuoteStatus.SENT: {QuoteStatus.WON, QuoteStatus.LOST},
    QuoteStatus.WON: set[QuoteStatus](),
    QuoteStatus.LOST: set[QuoteStatus](),
}


@dataclass(frozen=True)
class OwnQuote:
    """A quote as its bidder knows it; amount and r do not show in the repr.

    Args:
        amount: units of account per kWh.
        quote_public_key: the auction's K, 33 bytes.
        chain_id: EIP-155 id of the chain.
        contract: address of the auction contract.
        auction_id: 32 bytes.
        bidder: account address.
        ephemeral: r; whoever sees it can read this quote and no other.
        quote: the sealed quote as it goes on chain.
        status: what became of it.

    Source:
        X-5.
    """

    amount: int = field(repr=False)
    quote_public_key: bytes
    chain_id: int
    contract: str
    auction_id: bytes
    bidder: str
    ephemeral: SecretKey = field(repr=False)
    quote: SealedQuote
    status: QuoteStatus = QuoteStatus.SEALED

    def is_proved(self) -> bool:
        """Return whether r opens the quote to the amount, which is what a judge shown this object checks."""
        return self.amount == open_own_quote(
            self.ephemeral,
            self.quote,
            self.quote_public_key,
            self.chain_id,
            self.contract,
            self.auction_id,
            self.bidder,
        )


class QuoteStore(Journaled):
    """All quotes of one bidder, in a journal of mode 0600 that never holds an account's key.

    Args:
        path: the journal's; None keeps nothing, which suits simulations.

    Raises:
        JournalLocked: the journal is open elsewhere.
        JournalCorrupt: a line is not a fact about a quote, or a quote does not open to its amount.

    Source:
        X-5.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self._quotes: dict[bytes, OwnQuote] = {}
        self._restore(self._journal.replay(), "a fact is not one of own quotes")

    def seal(
        self,
        amount: int,
        quote_public_key: bytes,
        chain_id: int,
        contract: str,
        auction_id: bytes,
        bidder: str,
    ) -> OwnQuote:
        """Seal a quote; when this returns, the quote is on disk.

        The arguments are those of `OwnQuote`.

        Raises:
            BadInput: see `sealed_quote.seal`.
            JournalClosed, OSError: the quote could not be kept, so it must not be sent.

        Source:
            X-5.
        """
        ephemeral = fresh_ephemeral()
        sealed = seal(amount, quote_public_key, chain_id, contract, auction_id, bidder, ephemeral)
        self._record(
            {
                "amount": amount,
                "key": to_hex(quote_public_key),
                "chainId": chain_id,
                "contract": contract,
                "auction": to_hex(auction_id),
                "bidder": bidder,
                "ephemeral": to_hex(ephemeral.reveal()),
                "cx": to_hex(sealed.cx),
                "body": to_hex(sealed.body),
            }
        )
        return self._quotes[sealed.cx]

    def mark(self, cx: bytes, status: QuoteStatus) -> OwnQuote:
        """Note what became of a quote. Idempotent.

        Args:
            cx: of the quote, 32 bytes.
            status: the new one.

        Raises:
            BadInput: there is no such quote, or the status cannot follow the one it has.
            JournalClosed, OSError: the status could not be kept.
        """
        own = self.find(cx)
        if status != own.status:
            _check_next(own, status)
            self._record({"cx": to_hex(cx), "status": status.value})
        return self._quotes[cx]

    def find(self, cx: bytes) -> OwnQuote:
        """Return a quote by its cx.

        Raises:
            BadInput: the quote is not in the store.
        """
        if cx not in self._quotes:
            raise BadInput(f"no quote has cx {to_hex(cx)}; the store has {len(self._quotes)} quotes")
        return self._quotes[cx]

    def quotes(self, auction_id: bytes | None = None) -> list[OwnQuote]:
        """Return the quotes of one auction, or all quotes, oldest first."""
        return [own for own in self._quotes.values() if auction_id in (None, own.auction_id)]

    def __repr__(self) -> str:
        return f"<QuoteStore of {len(self._quotes)} quotes>"

    def _apply(self, fact: dict[str, Any]) -> None:
        cx = from_hex(fact["cx"], "cx")
        if "status" in fact:
            own, status = self.find(cx), QuoteStatus(fact["status"])
            _check_next(own, status)
            self._quotes[cx] = replace(own, status=status)
            return
        names = {"amount", "key", "chainId", "contract", "auction", "bidder", "ephemeral", "cx", "body"}
        fields = check_object(fact, "quote", names)
        own = OwnQuote(
            fields["amount"],
            from_hex(fields["key"], "key"),
            fields["chainId"],
            fields["contract"],
            from_hex(fields["auction"], "auction"),
            fields["bidder"],
            SecretKey(from_hex(fields["ephemeral"], "ephemeral")),
            SealedQuote(cx, from_hex(fields["body"], "body")),
        )
        if not own.is_proved():
            raise BadInput("a quote does not open to its amount")
        self._quotes[cx] = own


def _check_next(own: OwnQuote, status: QuoteStatus) -> None:
    if status not in _NEXT[own.status]:
        allowed = ", ".join(sorted(_NEXT[own.status])) or "nothing"
        raise BadInput(f"a quote that is {own.status} cannot become {status}, only: {allowed}")
