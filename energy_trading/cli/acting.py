"""What acting commands share: the node and the sender, each transaction at most once, what happened."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from energy_trading.cli.deployment import KEY, PASSWORD, sender_from
from energy_trading.cli.output import (
    DEFAULT_RPC,
    AsJson,
    ChainId,
    DeploymentFile,
    Rpc,
    console,
    print_json,
    record_path,
    time_of,
)
from energy_trading.errors import BadInput, TryAgain

if TYPE_CHECKING:
    from energy_trading.bindings import Suite
    from energy_trading.bindings.contract import Call, Sent
    from energy_trading.bindings.deployment import Record
    from energy_trading.crypto.keys import SecretKey

_SHOWN_BYTES: Final = 32
_PLACE: Final = ("event", "address", "block_number", "transaction_hash", "log_index")


class MayBePending(TryAgain):
    """Whether a transaction was or will be mined is unknown."""


class Desk:
    """One command's market, sender and report.

    Args:
        suite: the recorded market.
        record: of its deployment.
        sender: who signs and pays; None for a command that sends nothing.
        sender_nonce: the only number that the transaction may have; None: any.
        as_json: report as one JSON object at the end.
    """

    def __init__(
        self,
        suite: Suite,
        record: Record,
        sender: SecretKey | str | None,
        sender_nonce: int | None,
        as_json: bool,
    ) -> None:
        self.suite = suite
        self.record = record
        self._sender = sender
        self._sender_nonce = sender_nonce
        self._as_json = as_json
        self._facts: dict[str, Any] = {}
        self._transactions: list[dict[str, Any]] = []

    @property
    def sender(self) -> SecretKey | str:
        """Who signs and pays."""
        assert self._sender is not None, "the command was made without a sender"
        return self._sender

    @property
    def key(self) -> SecretKey:
        """The account's key.

        Raises:
            BadInput: the sender is an account of the node.
        """
        from energy_trading.crypto.keys import SecretKey

        if not isinstance(self.sender, SecretKey):
            raise BadInput(f"sender: given --unlocked, allowed --key-file or {KEY}: the account itself signs")
        return self.sender

    @property
    def address(self) -> str:
        """The sender's."""
        return self.sender if isinstance(self.sender, str) else self.sender.address

    def time_of(self, option: str, text: str) -> int:
        """Read a time; what begins with + counts from the chain's clock."""
        return time_of(option, text, self.suite.chain.now)

    def send(self, verb: str, call: Call[Any]) -> Sent:
        """Send a call and tell what it did."""
        with self.sending():
            sent = call.send(self.sender)
        self.sent(verb, sent)
        return sent

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Wait for the sender's earlier transactions, then let one be sent.

        Raises:
            BadInput: it would have another number than the one asked for.
            MayBePending: the node went away or did not mine it in time, or Ctrl-C was pressed.
        """
        from energy_trading.chain.connect import NodeError, NotEnoughMoney, NotMined

        number = self.suite.chain.next_nonce(self.address)
        if self._sender_nonce not in (None, number):
            raise BadInput(
                f"--sender-nonce: given {self._sender_nonce}, allowed {number}, the next one of"
                f" {self.address}: what was sent under an earlier number is done"
            )
        self._sender_nonce = None
        try:
            yield
        except NotEnoughMoney:
            raise
        except (NodeError, NotMined, KeyboardInterrupt) as error:
            raise MayBePending(
                f"{str(error) or 'interrupted'}; transaction {number} of {self.address} may still be mined:"
                f" repeat the command with --sender-nonce {number}, which is refused if it was"
            ) from error

    def sent(self, verb: str, sent: Sent) -> None:
        """Tell what a transaction did."""
        from energy_trading.market.log.event_json import event_to_json

        events = [event_to_json(event) for event in sent.events]
        told = {
            "verb": verb,
            "transaction": "0x" + sent.transaction_hash.hex(),
            "block": sent.block_number,
            "gas": sent.gas_used,
            "events": [{n: v for n, v in event.items() if n not in _PLACE[2:]} for event in events],
        }
        self._transactions.append(told)
        if not self._as_json:
            line = f"{verb}: {sent.gas_used:,} gas, block {sent.block_number}, {told['transaction']}"
            console.print(line, markup=False)
            for event in events:
                if event["event"] in ("CreditChanged", "DeliveryRecorded"):
                    continue  # a packed word, which `standing` tells in words
                fields = " ".join(f"{n}={_short(v)}" for n, v in event.items() if n not in _PLACE)
                console.print(f"  {event['event']} {fields}", markup=False)

    def tell(self, **facts: Any) -> None:
        """Tell what the command found or made."""
        self._facts |= facts
        if not self._as_json:
            for name, value in facts.items():
                console.print(f"{name.replace('_', ' ')}: {value}", markup=False)

    def close(self) -> None:
        """Print the report if it is to be JSON; also what was sent before an error."""
        if self._as_json and (self._facts or self._transactions):
            print_json({**self._facts, "transactions": self._transactions})


def with_market(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    as_json: AsJson = False,
) -> Desk:
    """Open a desk for a command that sends nothing."""
    return _desk(rpc, chain_id, deployment, 120, None, None, as_json)


def with_sender(
    rpc: Rpc = DEFAULT_RPC,
    chain_id: ChainId = None,
    deployment: DeploymentFile = None,
    unlocked: Annotated[str | None, typer.Option(help="Sender: an account that the node signs for.")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help=f"Sender: a key file; password from {PASSWORD} or a prompt. Without one: the key in {KEY}."
        ),
    ] = None,
    timeout: Annotated[int, typer.Option(help="Longest wait for a transaction, in seconds.")] = 120,
    sender_nonce: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Send only as the sender's transaction N: a repeat does nothing twice."
        ),
    ] = None,
    as_json: AsJson = False,
) -> Desk:
    """Open a desk for a command that sends transactions."""
    sender = sender_from(unlocked, key_file)
    return _desk(rpc, chain_id, deployment, timeout, sender, sender_nonce, as_json)


def at_desk(opener: Callable[..., Desk]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first argument is a desk: the desk's options become the command's.

    Args:
        opener: `with_market` or `with_sender`.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        _, *own = inspect.signature(function, eval_str=True).parameters.values()
        shared = inspect.signature(opener, eval_str=True).parameters.values()

        def command(**given: Any) -> None:
            desk = opener(**{option.name: given.pop(option.name) for option in shared})
            try:
                function(desk, **given)
            finally:
                desk.close()

        options = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in (*own, *shared)]
        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {option.name: option.annotation for option in options}
        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        return command

    return decorate


def _desk(
    rpc: str,
    chain_id: int | None,
    deployment: Path | None,
    timeout: int,
    sender: SecretKey | str | None,
    sender_nonce: int | None,
    as_json: bool,
) -> Desk:
    from energy_trading.bindings.deployment import Record
    from energy_trading.chain.connect import connect

    chain = connect(rpc, chain_id, timeout)
    record = Record.read(record_path(chain, deployment))
    return Desk(record.open(chain), record, sender, sender_nonce, as_json)


def _short(value: Any) -> str:
    text = str(value)
    if not text.startswith("0x") or len(text) <= 2 + 2 * _SHOWN_BYTES:
        return text
    return f"{text[:10]}…({len(text) // 2 - 1} bytes)"
