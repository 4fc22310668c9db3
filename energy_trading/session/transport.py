"""How messages travel: opaque bytes on topics named by msgAddr, which may be lost, repeated or reordered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from energy_trading.errors import TryAgain

#: is given each payload that arrives, in the thread that calls `deliver`
Handler = Callable[[bytes], None]


class TransportFailed(TryAgain):
    """The messages could not be handed to the carrier, or it could not be reached."""


class Transport(Protocol):
    """What a carrier of messages can do.

    Source:
        Chen eq 2 (C-3) for the topics.
    """

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Send a payload to whoever reads the topic.

        Args:
            topic: msgAddr of the receiver, 32 bytes.
            payload: opaque.

        Raises:
            TransportFailed: the carrier did not take it.
        """

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on.

        Args:
            topic: own msgAddr, 32 bytes.
            handler: called by `deliver`; one for a topic, the last one counts.

        Raises:
            TransportFailed: the carrier did not agree.
        """

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers for what has arrived, waiting up to a time for the first.

        Args:
            seconds: to wait; 0 takes what is there.

        Returns:
            How many payloads were handled.
        """


class InProcess:
    """Messages between parties of one process, in order, as soon as `deliver` is called."""

    def __init__(self) -> None:
        self._handlers: dict[bytes, Handler] = {}
        self._waiting: deque[tuple[bytes, bytes]] = deque()

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Keep a payload for `deliver`; on a topic that nobody reads it is lost."""
        self._waiting.append((topic, payload))

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on."""
        self._handlers[topic] = handler

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers until nothing waits, also for what they send; the time is not needed."""
        handled = 0
        while self._waiting:
            topic, payload = self._waiting.popleft()
            if handler := self._handlers.get(topic):
                handler(payload)
                handled += 1
        return handled
