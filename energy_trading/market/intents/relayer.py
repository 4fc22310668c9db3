"""The client of an account that submits what others have signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from energy_trading.bindings.contract import Sent
from energy_trading.market._client import Client
from energy_trading.market.intents.intent import Intent
from energy_trading.market.trade.offer import Offer

#: purchases in one transaction
BATCH: Final = 40


class Relayer(Client):
    """One account that submits signed intents and pays for their gas.

    A fee goes to the relayer whom the signer named; this account gets it only if it is that relayer.

    Args:
        suite: the market.
        key: the account's secret key.
        on_sent: is called after every transaction with the name of the verb and the receipt.
    """

    def send(self, intent: Intent, offer: Offer | None = None) -> Sent:
        """Submit one intent.

        Args:
            intent: what was signed.
            offer: what a bid buys; None for every other intent.

        Raises:
            BadInput: a bid comes without an offer, or another intent with one.
            WrongMarket: the intent is for another contract or chain.
            NotSignedBy: its signature is not that of the account for which it speaks.
            ContractRevert: the market refused it; nothing has changed.
        """
        return self._send(intent.kind, intent.call(self.suite, offer))

    def send_purchases(self, intents: Sequence[Intent]) -> list[Sent]:
        """Submit many purchases, `BATCH` to a transaction.

        Args:
            intents: the purchases. Those that name one relayer should stand together, because it is then paid
                in one sum.

        Returns:
            The transactions. A refused purchase is the event `PurchaseRefused` in one of them and stops no
            other.

        Raises:
            BadInput: an intent is no purchase; nothing was sent.
            WrongMarket, NotSignedBy: see `send`; nothing was sent.
        """
        purchases = [intent.purchase() for intent in intents]
        for intent in intents:
            intent.check(self.suite)
        return [
            self._send("purchases", self.suite.desk.accept_for_many(purchases[i : i + BATCH]))
            for i in range(0, len(purchases), BATCH)
        ]
