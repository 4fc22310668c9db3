"""The end of an auction, in the hands of anyone: disclosure and settlement, or forfeit and compensation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from energy_trading.bindings.contract import Call, Sent
from energy_trading.bindings.sealed_bid_auction import WrongReplay, WrongState
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, seed
from energy_trading.errors import BadInput
from energy_trading.market.auction.auction import Auction, AuctionResult
from energy_trading.types import AuctionState, Quote

#: Gas that one transaction of a settlement may take by default; Osaka allows 16.7 M (EIP-7825).
CHUNK_GAS: Final = 10_000_000
#: Most gas that a chunk takes beside its quotes (eight awards), for each quote that is opened (all of them
#: ranked), and for each that is compensated (all by new accounts).
FIXED_GAS: Final = 650_000
SETTLE_GAS: Final = 13_000
COMPENSATE_GAS: Final = 34_000

Progress: TypeAlias = Callable[[int, int], object]
"""Is called with how many quotes are done, and of how many."""


def disclose(suite: Suite, sender: Sender, auction: Auction, quote_key: SecretKey) -> Sent:
    """Disclose the quote key; anyone may. Settling discloses it as well.

    Args:
        suite: the market.
        sender: pays for the gas.
        auction: no longer open for quotes.
        quote_key: the publisher's, or a committee's from `Committee.disclose`.

    Raises:
        ContractRevert: it is too early or too late for the key, or the key is wrong.

    Source:
        X-6.
    """
    return suite.auction.disclose(auction.terms, _scalar(quote_key)).send(sender)


def settle_all(
    suite: Suite,
    sender: Sender,
    auction: Auction,
    quote_key: SecretKey | None = None,
    chunk_gas: int = CHUNK_GAS,
    progress: Progress = lambda _done, _all: None,
) -> AuctionResult:
    """Open all quotes and decide the auction; anyone may, also to finish what somebody else began.

    The sender earns a part of the fee of every quote that it settles (`claim_fees`).

    Args:
        suite: the market.
        sender: pays for the gas.
        auction: no longer open for quotes.
        quote_key: the key; None takes it from the log.
        chunk_gas: most gas of one transaction.
        progress: is called after every transaction with the quotes opened so far, and of how many.

    Returns:
        The result, also of an auction that was settled before.

    Raises:
        BadInput: the key is not known, or the auction ended without a decision.
        ContractRevert: it is too early or too late for the key or the settlement, or the key is wrong.

    Source:
        X-6, X-7.
    """
    key = quote_key or auction.disclosed_key()
    if key is None:
        raise BadInput("the quote key has not been disclosed, and none was passed")
    scalar = _scalar(key)
    _in_chunks(
        auction,
        lambda start, chunk: suite.auction.settle(auction.terms, scalar, start, chunk),
        sender,
        _chunk_size(chunk_gas, SETTLE_GAS),
        progress,
    )
    result = auction.result()
    if result is None:
        raise BadInput(f"auction 0x{auction.auction_id.hex()} ended without a decision")
    return result


def forfeit(suite: Suite, sender: Sender, auction: Auction) -> Sent:
    """End an auction that was not disclosed or not settled in time, or without quotes; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        auction: past its deadline.

    Raises:
        ContractRevert: it is too early, or the auction is finished.

    Source:
        X-6, N-7.
    """
    return suite.auction.forfeit(auction.terms).send(sender)


def compensate_all(
    suite: Suite,
    sender: Sender,
    auction: Auction,
    chunk_gas: int = CHUNK_GAS,
    progress: Progress = lambda _done, _all: None,
) -> None:
    """Pay all bidders their shares of a forfeited guarantee; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        auction: forfeited.
        chunk_gas: most gas of one transaction.
        progress: is called after every transaction with the quotes compensated so far, and of how many.

    Source:
        X-6, N-7.
    """
    _in_chunks(
        auction,
        lambda start, chunk: suite.auction.compensate(auction.terms, start, chunk),
        sender,
        _chunk_size(chunk_gas, COMPENSATE_GAS),
        progress,
    )


def claim_fees(suite: Suite, sender: Sender, to: str) -> Sent:
    """Send the quotes' fees that the sender has earned, by settling or as the treasury, to an account.

    Args:
        suite: the market.
        sender: who has earned them; `suite.auction.fees_of` states how much.
        to: account that gets the coin.

    Raises:
        ContractRevert: there are none, or the account refuses the coin.

    Source:
        X-5.
    """
    return suite.auction.claim_fees(to).send(sender)


def _in_chunks(
    auction: Auction,
    call: Callable[[int, Sequence[Quote]], Call[None]],
    sender: Sender,
    size: int,
    progress: Progress,
) -> None:
    """Replay the quotes from the newest to the oldest, at most `size` of them in a transaction."""
    quotes = auction.quotes()
    links = [seed(auction.auction_id)]
    for quote in quotes:
        sealed = SealedQuote(quote.cx.to_bytes(32, "big"), quote.body.to_bytes(32, "big"))
        links.append(accumulate(links[-1], quote.bidder, sealed))
    state_of = auction.suite.auction.state_of
    standing = state_of(auction.auction_id)
    while standing[0] != AuctionState.NONE:
        if standing[2] not in links:
            raise BadInput(
                f"the log from block {auction.from_block} on lacks quotes: read it from the posting"
            )
        end = links.index(standing[2])
        start = max(0, end - size)
        refusal = None
        try:
            call(links[start], quotes[start:end]).send(sender)
            progress(len(quotes) - start, len(quotes))
        except (WrongReplay, WrongState) as error:
            refusal = error  # somebody else was faster, if the auction has moved
        before, standing = standing, state_of(auction.auction_id)
        if refusal is not None and standing == before:
            raise refusal


def _chunk_size(chunk_gas: int, quote_gas: int) -> int:
    size = (chunk_gas - FIXED_GAS) // quote_gas
    if size < 1:
        raise BadInput(f"the gas of a chunk must be {FIXED_GAS + quote_gas} or more, not {chunk_gas}")
    return size


def _scalar(key: SecretKey) -> int:
    return int.from_bytes(key.reveal(), "big")
