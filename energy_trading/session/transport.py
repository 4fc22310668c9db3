"""How messages travel: as opaque bytes on topics named by msgAddr; they may be lost, repeated, reordered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from energy_trading.errors import TryAgain

#: receives each payload that arrives, in the thread that calls `deliver`
Handler = Callable[[bytes], None]


class TransportFailed(TryAgain):
    """A message could not be handed to the carrier, or the carrier could not be reached."""


class Transport(Protocol):
    """A carrier of messages.

    Source:
        Chen eq 2 (C-3) for the topics.
    """

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Send a payload to whoever reads the topic.

        Args:
            topic: the receiver's message address (msgAddr), 32 bytes.
            payload: opaque.

        Raises:
            TransportFailed: the carrier did not take the payload.
        """

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on.

        Args:
            topic: the reader's own msgAddr, 32 bytes.
            handler: called by `deliver`; a topic has one handler, the last one that was set.

        Raises:
            TransportFailed: the carrier did not confirm.
        """

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers for what has arrived, and wait for the first message if there is none.

        Args:
            seconds: how long to wait; 0 takes only what is there.

        Returns:
            How many payloads were handled.
        """


class InProcess:
    """Messages between parties of one process, in order, as soon as `deliver` is called."""

    def __init__(self) -> None:
        self._handlers: dict[bytes, Handler] = {}
        self._waiting: deque[tuple[bytes, bytes]] = deque()

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Keep a payload for `deliver`. It is lost if nobody reads the topic."""
        self._waiting.append((topic, payload))

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on."""
        self._handlers[topic] = handler

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers until nothing is left, including what they send. The time is not used."""
        handled = 0
        while self._waiting:
            topic, payload = self._waiting.popleft()
            if handler := self._handlers.get(topic):
                handler(payload)
                handled += 1
        return handled
