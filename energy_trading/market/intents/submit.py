"""Submitting what others have signed: anyone may, and the sender pays for the gas and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from energy_trading.bindings.contract import Sent
from energy_trading.bindings.suite import Suite
from energy_trading.chain.connect import Sender
from energy_trading.market._client import batches
from energy_trading.market.intents.intent import Intent
from energy_trading.market.trade.offer import Offer


def submit(suite: Suite, sender: Sender, intent: Intent, offer: Offer | None = None) -> Sent:
    """Submit one intent; anyone may. The fee goes to the relayer whom the signer named.

    Args:
        suite: the market.
        sender: pays for the gas.
        intent: what was signed.
        offer: what a bid buys; None for every other intent.

    Raises:
        BadInput: a bid comes without an offer, or another intent with one.
        WrongMarket: the intent is for another contract or chain.
        NotSignedBy: its signature is not that of the account for which it speaks.
        ContractRevert: the market refused it; nothing has changed.

    Source:
        N-8.
    """
    return intent.call(suite, offer).send(sender)


def accept_many(suite: Suite, sender: Sender, intents: Sequence[Intent]) -> list[Sent]:
    """Submit many purchases, 40 to a transaction; anyone may.

    Args:
        suite: the market.
        sender: pays for the gas.
        intents: the purchases. Those that name one relayer should stand together, because it is then paid in
            one sum.

    Returns:
        The transactions. A refused purchase is the event `PurchaseRefused` in one of them and stops no other.

    Raises:
        BadInput: an intent is no purchase; nothing was sent.
        WrongMarket, NotSignedBy: an intent is for another market or not its signer's; nothing was sent.

    Source:
        N-2, N-8.
    """
    purchases = [intent.purchase() for intent in intents]
    for intent in intents:
        intent.check(suite)
    return [suite.desk.accept_for_many(some).send(sender) for some in batches(purchases)]
