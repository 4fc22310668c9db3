"""Messages over an MQTT broker, which sees topics, times and sizes, and no content."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, Full, Queue
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Final

from energy_trading.errors import BadInput
from energy_trading.session.transport import Handler, TransportFailed
from energy_trading.session.wire import MAX_MESSAGE

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_TREE: Final = "energy-trading/"
#: at least once: a repeated message is refused by the ratchet, a lost one could not be made up for
_QOS: Final = 1
_MAX_WAITING: Final = 1000


class MqttSupportMissing(BadInput):
    """The package's `mqtt` extra is not installed."""


class Mqtt:
    """A connection to a broker; close it, or use it in a `with`.

    The network runs in a thread of paho's, the handlers in the thread that calls `deliver`. The
    broker keeps what arrives for a client that is away; after a loss paho connects again by itself.

    Args:
        host: of the broker.
        port: of the broker.
        client_id: names this client to the broker; not the same for two at a time.
        tls: for a broker that is not on this machine.
        username: for the broker.
        password: for the broker; never shown.
        seconds: to wait for the broker.

    Raises:
        MqttSupportMissing: the extra is not installed.
        TransportFailed: the broker cannot be reached or refuses.

    Source:
        MQTT 3.1.1, QoS 1; C-3 for the topics.
    """

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        *,
        tls: SSLContext | None = None,
        username: str | None = None,
        password: str | None = None,
        seconds: float = 10,
    ) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MqttSupportMissing("a broker needs paho-mqtt: pip install energy-trading[mqtt]") from error

        self._seconds = seconds
        self._handlers: dict[str, Handler] = {}
        self._waiting: Queue[tuple[str, bytes]] = Queue(_MAX_WAITING)
        self._granted: set[int] = set()
        self._news = threading.Condition()
        self._connected = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False)
        if tls is not None:
            self._client.tls_set_context(tls)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        try:
            self._client.connect(host, port)
        except OSError as error:
            raise TransportFailed(f"broker: given {host}:{port}, allowed one that answers") from error
        self._client.loop_start()
        if not self._connected.wait(seconds):
            self.close()
            raise TransportFailed(f"broker: given {host}:{port}, which refused, allowed one that takes us")

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Hand a payload to the broker and wait until it has it.

        Args:
            topic: msgAddr of the receiver, 32 bytes.
            payload: opaque.

        Raises:
            BadInput: the topic is no msgAddr.
            TransportFailed: the broker did not confirm in time; it may have the payload even so.
        """
        message = self._client.publish(_name(topic), payload, _QOS)
        try:
            message.wait_for_publish(self._seconds)
        except (ValueError, RuntimeError) as error:
            raise TransportFailed("publish: given no connection, allowed a connected client") from error
        if not message.is_published():
            raise TransportFailed(f"publish: given no answer for {self._seconds} s, allowed a confirmation")

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on, and again after each new connection.

        Args:
            topic: own msgAddr, 32 bytes.
            handler: called by `deliver`; one for a topic, the last one counts.

        Raises:
            BadInput: the topic is no msgAddr.
            TransportFailed: the broker did not agree in time.
        """
        name = _name(topic)
        self._handlers[name] = handler
        _, number = self._client.subscribe(name, _QOS)
        with self._news:
            if not self._news.wait_for(lambda: number in self._granted, self._seconds):
                raise TransportFailed(
                    f"subscribe: given no consent for {self._seconds} s, allowed the broker's"
                )
            self._granted.discard(number)

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers for what has arrived, waiting up to a time for the first.

        Args:
            seconds: to wait; 0 takes what is there.

        Returns:
            How many payloads were handled.
        """
        handled = 0
        try:
            name, payload = self._waiting.get(block=seconds > 0, timeout=seconds)
            while True:
                if handler := self._handlers.get(name):
                    handler(payload)
                    handled += 1
                name, payload = self._waiting.get_nowait()
        except Empty:
            return handled

    def close(self) -> None:
        """Leave the broker, which goes on keeping what arrives for this client."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Mqtt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            for name in tuple(self._handlers):
                client.subscribe(name, _QOS)
            self._connected.set()

    def _on_subscribe(self, _client: Client, _data: Any, number: int, reasons: Any, _properties: Any) -> None:
        if not any(reason.is_failure for reason in reasons):
            with self._news:
                self._granted.add(number)
                self._news.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(message.payload) <= MAX_MESSAGE:
            # Full: dropped like any lost message, rather than memory filled by a stranger.
            with suppress(Full):
                self._waiting.put_nowait((message.topic, bytes(message.payload)))


def _name(topic: bytes) -> str:
    if len(topic) != 32:
        raise BadInput(f"topic: given {len(topic)} bytes, allowed a msgAddr of 32")
    return _TREE + topic.hex()
