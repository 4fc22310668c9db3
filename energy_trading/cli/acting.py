"""What the acting commands share: the market, the sender, one transaction at a time, and the report."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.deployment import KEY, KeyFile, Timeout, Unlocked, sender_from
from energy_trading.cli.output import (
    DEFAULT_RPC,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    console,
    open_market,
    print_json,
    time_of,
)
from energy_trading.errors import BadInput, RuleBroken, TryAgain
from energy_trading.files._json import to_hex

if TYPE_CHECKING:
    from energy_trading.bindings import Suite
    from energy_trading.bindings.contract import Call, Sent
    from energy_trading.bindings.deployment import Record
    from energy_trading.crypto.keys import SecretKey

_log = logging.getLogger(__name__)

_SHOWN_BYTES: Final = 32
_PLACE: Final = ("event", "address", "block_number", "transaction_hash", "log_index")


class MayBePending(TryAgain):
    """It is unknown whether a transaction was mined or will be."""


class Desk:
    """The market, the sender and the report of one command.

    Args:
        market: opens the recorded market; it is called when the command first needs the node.
        sender: who signs and pays; None for a command that sends nothing.
        sender_nonce: the only number that the transaction may have; None allows any.
        as_json: whether to print one JSON object at the end instead of lines of text.
    """

    def __init__(
        self,
        market: Callable[[], tuple[Suite, Record]],
        sender: SecretKey | str | None,
        sender_nonce: int | None,
        as_json: bool,
    ) -> None:
        self.as_json = as_json
        self._market = cache(market)
        self._sender = sender
        self._sender_nonce = sender_nonce
        self._facts: dict[str, Any] = {}
        self._transactions: list[dict[str, Any]] = []

    @property
    def suite(self) -> Suite:
        """The contracts of the market."""
        return self._market()[0]

    @property
    def record(self) -> Record:
        """The record of the market's deployment."""
        return self._market()[1]

    @property
    def sender(self) -> SecretKey | str:
        """Who signs and pays."""
        assert self._sender is not None, "the command was made without a sender"
        return self._sender

    @property
    def key(self) -> SecretKey:
        """The sender's key.

        Raises:
            BadInput: the node signs for the sender, so there is no key here.
        """
        from energy_trading.crypto.keys import SecretKey

        if not isinstance(self.sender, SecretKey):
            raise BadInput(f"the account itself must sign: use --key-file or {KEY} instead of --unlocked")
        return self.sender

    @property
    def address(self) -> str:
        """The sender's address."""
        return self.sender if isinstance(self.sender, str) else self.sender.address

    def time_of(self, option: str, text: str) -> int:
        """Read a time. If it begins with +, it counts from the chain's clock."""
        return time_of(option, text, lambda: self.suite.chain.now())

    def send(self, verb: str, call: Call[Any]) -> Sent:
        """Send a call and report what it did."""
        with self.sending():
            sent = call.send(self.sender)
        self.sent(verb, sent)
        return sent

    def send_batches(
        self, verb: str, noun: str, items: Sequence[Any], call: Callable[[Sequence[Any]], Call[Any]]
    ) -> None:
        """Send items in batches whose contract reports a refused item as an event and carries on.

        Args:
            verb: names the transactions in the report.
            noun: names the items in the plural.
            items: what to send.
            call: makes the call that takes a batch.

        Raises:
            RuleBroken: items were refused; the others have taken effect.
        """
        from energy_trading.bindings.offer_market import DeliveryRefused, WitnessRefused
        from energy_trading.bindings.relay_desk import PurchaseRefused
        from energy_trading.market._client import batches

        refused = []
        for batch in batches(items):
            for event in self.send(verb, call(batch)).events:
                if isinstance(event, PurchaseRefused):
                    refused.append(to_hex(event.trade_id))
                elif isinstance(event, DeliveryRefused | WitnessRefused):
                    refused.append(f"{to_hex(event.trade_id)} ({event.fault.name})")
        if refused:
            names = ", ".join(refused)
            raise RuleBroken(f"{len(refused)} of {len(items)} {noun} were refused: {names}")

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Wait for the sender's earlier transactions, then allow one transaction to be sent.

        Raises:
            BadInput: the transaction would have another number than the one asked for.
            MayBePending: the node could not be reached any more, did not mine the transaction in time, or
                Ctrl-C was pressed.
        """
        from energy_trading.chain.connect import NodeError, NotEnoughMoney, NotMined

        number = self.suite.chain.next_nonce(self.address)
        if self._sender_nonce not in (None, number):
            raise BadInput(
                f"--sender-nonce is {self._sender_nonce}, but the next transaction of {self.address} has the"
                f" number {number}; transactions with earlier numbers have been mined"
            )
        self._sender_nonce = None
        try:
            yield
        except NotEnoughMoney:
            raise
        except (NodeError, NotMined, KeyboardInterrupt) as error:
            raise MayBePending(
                f"{str(error) or 'interrupted'}; transaction {number} of {self.address} may still be mined:"
                f" repeat the command with --sender-nonce {number}, which sends nothing if it was"
            ) from error

    def sent(self, verb: str, sent: Sent) -> None:
        """Report what a transaction did."""
        from energy_trading.market.log.event_json import event_to_json

        events = [event_to_json(event) for event in sent.events]
        transaction = to_hex(sent.transaction_hash)
        _log.info("%s: transaction %s in block %s", verb, transaction, sent.block_number)
        self._transactions.append(
            {
                "verb": verb,
                "transaction": transaction,
                "block": sent.block_number,
                "gas": sent.gas_used,
                "events": [{n: v for n, v in event.items() if n not in _PLACE[2:]} for event in events],
            }
        )
        if not self.as_json:
            line = f"{verb}: {sent.gas_used:,} gas, block {sent.block_number}, {transaction}"
            console.print(line, markup=False)
            for event in events:
                if event["event"] in ("CreditChanged", "DeliveryRecorded"):
                    continue  # a packed word, which the command `standing` prints readably
                fields = " ".join(f"{n}={_short(v)}" for n, v in event.items() if n not in _PLACE)
                console.print(f"  {event['event']} {fields}", markup=False)

    def report(self, **facts: Any) -> None:
        """Report what the command found or made."""
        self._facts |= facts
        if not self.as_json:
            for name, value in facts.items():
                console.print(f"{name.replace('_', ' ')}: {value}", markup=False)

    def close(self) -> None:
        """Print the report if it is JSON, even after an error: transactions may have been sent before it."""
        if self.as_json and (self._facts or self._transactions):
            print_json({**self._facts, "transactions": self._transactions})


def with_market(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    as_json: AsJson = False,
) -> Desk:
    """Open a desk for a command that sends nothing."""
    return Desk(lambda: open_market(rpc, chain_id, deployment), None, None, as_json)


def with_sender(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    unlocked: Unlocked = None,
    key_file: KeyFile = None,
    timeout: Timeout = 120,
    sender_nonce: Annotated[
        int | None,
        typer.Option(metavar="N", help="Send only as the sender's transaction N; a repetition is then safe."),
    ] = None,
    as_json: AsJson = False,
) -> Desk:
    """Open a desk for a command that sends transactions."""
    sender = sender_from(unlocked, key_file)
    return Desk(lambda: open_market(rpc, chain_id, deployment, timeout), sender, sender_nonce, as_json)


def at_desk(
    opener: Callable[..., Desk], **groups: Callable[..., Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn a function whose first argument is a desk into a command that also has the desk's options.

    Args:
        opener: `with_market` or `with_sender`.
        groups: options that several commands have: by the name of an argument of the function, what makes the
            argument of its options.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        _, *own = _options(function)
        own = [option for option in own if option.name not in groups]
        grouped = [option for group in groups.values() for option in _options(group)]
        shared = _options(opener)

        def command(**given: Any) -> None:
            def made(maker: Callable[..., Any]) -> Any:
                return maker(**{option.name: given.pop(option.name) for option in _options(maker)})

            made_of = {name: made(group) for name, group in groups.items()}
            desk = made(opener)
            try:
                function(desk, **given, **made_of)
            finally:
                desk.close()

        every = (*own, *grouped, *shared)
        options = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in every]
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {option.name: option.annotation for option in options}
        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        return command

    return decorate


def _options(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())


def _short(value: Any) -> str:
    text = str(value)
    if not text.startswith("0x") or len(text) <= 2 + 2 * _SHOWN_BYTES:
        return text
    return f"{text[:10]}…({len(text) // 2 - 1} bytes)"
