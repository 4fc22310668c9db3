"""What people sign for others to submit: the checks that all orders share, and their nonces."""

from __future__ import annotations

from energy_trading.rules.context import Context
from energy_trading.rules.refused import Refused
from energy_trading.rules.signers import Signers
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS, Domain, Message, NonceCancellation


class UnorderedNonces:
    """The nonces of a contract's orders: each counts once, in any order, and its owner can void it.

    Args:
        domain: where the contract is, which orders are signed for.
        signers: contracts that judge signatures.
    """

    def __init__(self, domain: Domain, signers: Signers) -> None:
        self.domain = domain
        self.signers = signers
        #: by owner and word: bit i stands for the nonce 256 · word + i
        self.nonces: dict[tuple[str, int], int] = {}

    def nonce_mask(self, owner: str, word: int) -> int:
        """Return which of 256 nonces of an owner do not count any more."""
        return self.nonces.get((owner, word), 0)

    def void_nonces(self, ctx: Context, word: int, mask: int) -> None:
        """Void nonces of the caller, used or not."""
        self._void(ctx.sender, word, mask)

    def void_nonces_for(self, ctx: Context, order: NonceCancellation, signature: bytes) -> None:
        """Void nonces on their owner's signed order. Anyone may submit it.

        Refused if the order's deadline has come, or its owner did not sign it.
        """
        check_time(ctx, order.deadline)
        self.check_signed(order.owner, order, signature)
        self._void(order.owner, order.word, order.mask)

    def check_nonce(self, owner: str, nonce: int) -> None:
        """Refuse a nonce that was used or voided before."""
        if self.nonce_mask(owner, nonce >> 8) >> (nonce & 0xFF) & 1:
            raise Refused("UnorderedNonces_NonceUsed", owner, nonce)

    def use_nonce(self, owner: str, nonce: int) -> None:
        """Use a nonce up; `check_nonce` comes first."""
        self._void(owner, nonce >> 8, 1 << (nonce & 0xFF))

    def check_signed(self, account: str, order: Message, signature: bytes) -> None:
        """Refuse an order that an account did not sign for this contract."""
        if not self.signers.is_accounts(account, self.domain.digest(order), signature):
            raise Refused("RelayLib_NotSigned", account)

    def _void(self, owner: str, word: int, mask: int) -> None:
        self.nonces[owner, word] = self.nonce_mask(owner, word) | mask


def check_time(ctx: Context, deadline: int) -> None:
    """Refuse an order whose deadline has come."""
    if ctx.now >= deadline:
        raise Refused("RelayLib_OrderExpired", ctx.now, deadline)


def check_fee(relayer: str, fee: int) -> None:
    """Refuse a fee that nobody gets, or that the ledger cannot count."""
    if fee and (relayer == ZERO_ADDRESS or fee > MAX_UNITS):
        raise Refused("RelayLib_BadFee", relayer, fee, MAX_UNITS)
