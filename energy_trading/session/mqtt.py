"""Messages over an MQTT broker, which sees their topics, times and sizes, but not their content."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, Full, Queue
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Final

from energy_trading.errors import BadInput
from energy_trading.session._wire import MAX_MESSAGE
from energy_trading.session.transport import Handler, TransportFailed

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_TREE: Final = "energy-trading/"
#: "at least once": the ratchet refuses a repeated message, but nothing could make up for a lost one
_QOS: Final = 1
_MAX_WAITING: Final = 1000


class MqttSupportMissing(BadInput):
    """The package's `mqtt` extra is not installed."""


class Mqtt:
    """A connection to a broker; close it, or use it in a `with`.

    The network runs in a thread of the paho library, and the handlers run in the thread that calls `deliver`.
    The broker keeps what arrives while the client is away; after a lost connection paho reconnects by itself.

    Args:
        host: name or address of the broker.
        port: port of the broker.
        client_id: names this client to the broker; no two clients may use the same one at a time.
        tls: needed for a broker that is not on this machine.
        username: for the broker.
        password: for the broker; it is never shown.
        seconds: how long to wait for the broker.

    Raises:
        MqttSupportMissing: the package's `mqtt` extra is not installed.
        TransportFailed: the broker cannot be reached, or it refuses the connection.

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
            raise TransportFailed(f"the broker {host}:{port} cannot be reached") from error
        self._client.loop_start()
        if not self._connected.wait(seconds):
            self.close()
            raise TransportFailed(f"the broker {host}:{port} did not accept the connection in {seconds} s")

    def publish(self, topic: bytes, payload: bytes) -> None:
        """Hand a payload to the broker and wait for its confirmation.

        Args:
            topic: the receiver's message address (msgAddr), 32 bytes.
            payload: opaque.

        Raises:
            BadInput: the topic is not a msgAddr.
            TransportFailed: the broker did not confirm in time. It may have the payload nevertheless.
        """
        message = self._client.publish(_name(topic), payload, _QOS)
        try:
            message.wait_for_publish(self._seconds)
        except (ValueError, RuntimeError) as error:
            raise TransportFailed(
                "publishing failed, because there is no connection to the broker"
            ) from error
        if not message.is_published():
            raise TransportFailed(f"the broker did not confirm the message in {self._seconds} s")

    def subscribe(self, topic: bytes, handler: Handler) -> None:
        """Read a topic from now on, and again after each new connection.

        Args:
            topic: msgAddr of this client's account, 32 bytes.
            handler: called by `deliver`; a topic has one handler, the last one that was set.

        Raises:
            BadInput: the topic is not a msgAddr.
            TransportFailed: the broker did not confirm in time.
        """
        name = _name(topic)
        self._handlers[name] = handler
        _, number = self._client.subscribe(name, _QOS)
        with self._news:
            if not self._news.wait_for(lambda: number in self._granted, self._seconds):
                raise TransportFailed(f"the broker did not confirm the subscription in {self._seconds} s")
            self._granted.discard(number)

    def deliver(self, seconds: float = 0) -> int:
        """Call the handlers for what has arrived, and wait for the first message if there is none.

        Args:
            seconds: how long to wait; 0 takes only what is there.

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
            # A full queue drops the message like any lost one, so that no stranger can fill the memory.
            with suppress(Full):
                self._waiting.put_nowait((message.topic, bytes(message.payload)))


def _name(topic: bytes) -> str:
    if len(topic) != 32:
        raise BadInput(f"a topic must be a msgAddr of 32 bytes, not of {len(topic)}")
    return _TREE + topic.hex()
