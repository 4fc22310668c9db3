"""Runs a verifier node: its configuration, its links to homes and members, and its loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from energy_trading.bindings.suite import Suite
from energy_trading.council.verifier_node import NodeSettings, VerifierNode
from energy_trading.council.verifier_store import VerifierStore
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, TryAgain
from energy_trading.files._json import check_address, check_integer, check_text, read_json

_LEAST_POLL: Final = 50


@dataclass(frozen=True)
class VerifierConfig:
    """The configuration of a verifier node, a JSON file. It holds no secret.

    Args:
        rpc: URL of the chain's node.
        deployment: path of the deployment's record.
        store: path of the node's own store; it is made by the first start.
        members: the members that the node exchanges messages with: URL by account, or "" if they are reached
            over the broker. Its own account may be among them.
        chain_id: id that the chain must have; None accepts any.
        listen: host and port of the node's service for homes and members; None if there is only a broker.
        broker: host and port of an MQTT broker; None if there is none.
        collect_seconds, finalise_every, least_wh: of `NodeSettings`.
        poll_milliseconds: pause between two steps.
    """

    rpc: str
    deployment: str
    store: str
    members: dict[str, str] = field(default_factory=dict)
    chain_id: int | None = None
    listen: str | None = None
    broker: str | None = None
    collect_seconds: int = 30
    finalise_every: int = 4
    least_wh: int = 1
    poll_milliseconds: int = 1000

    def __post_init__(self) -> None:
        for name in ("rpc", "deployment", "store"):
            check_text(getattr(self, name), name)
        if not isinstance(self.members, dict):
            raise BadInput("members must be an object with the URL of each member by its account")
        checked = {check_address(a, "a member"): check_text(u, "its URL") for a, u in self.members.items()}
        object.__setattr__(self, "members", checked)
        for name in ("collect_seconds", "least_wh"):
            check_integer(getattr(self, name), name, 0, 2**31)
        check_integer(self.finalise_every, "finalise_every", 1, 24)
        check_integer(self.poll_milliseconds, "poll_milliseconds", _LEAST_POLL, 60_000)
        if self.listen is None and self.broker is None:
            raise BadInput("a verifier node needs an address to listen at, a broker, or both")
        for name in ("listen", "broker"):
            if getattr(self, name) is not None:
                host_and_port(name, getattr(self, name))

    @classmethod
    def read(cls, path: Path) -> VerifierConfig:
        """Read the file; its relative paths count from its folder.

        Raises:
            BadInput: there is no such file, or a field is unknown, missing or of another type.
        """
        value = read_json("configuration", path)
        names = {each.name for each in fields(cls)}
        if not isinstance(value, dict) or not {"rpc", "deployment", "store"} <= value.keys() <= names:
            raise BadInput(f"the configuration {path} must be an object with fields of {sorted(names)}")
        folder = path.absolute().parent
        for name in ("deployment", "store"):
            value[name] = str(folder / check_text(value[name], name))
        return cls(**value)

    @property
    def settings(self) -> NodeSettings:
        """How the node works."""
        return NodeSettings(tuple(self.members), self.collect_seconds, self.finalise_every, self.least_wh)


def host_and_port(name: str, text: str) -> tuple[str, int]:
    """Read HOST:PORT.

    Raises:
        BadInput: the text has another form.
    """
    host, colon, port = check_text(text, name).rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 65_536):
        raise BadInput(f"{name} must be HOST:PORT, not {text!r}")
    return host, int(port)


def run_verifier(
    config: VerifierConfig,
    key: SecretKey,
    say: Callable[[str], None],
    stop: threading.Event,
    opened: Callable[[VerifierConfig], tuple[Suite, int]],
) -> None:
    """Run a node until it is asked to stop.

    Args:
        config: of the node.
        key: of the member's account.
        say: is called with a line of text about what the node does.
        stop: ends the node.
        opened: opens the recorded contracts, and states the block of their deployment.

    Raises:
        VerifierStoreLocked: another process runs this node.
        BadInput: the configuration does not fit the deployment.
        TryAgain: broker or address cannot be used.
    """
    from energy_trading.council._verifier_http import HttpSender, make_app, serving
    from energy_trading.council._verifier_mqtt import MqttLink, MqttSender

    suite, from_block = opened(config)
    senders: list[Callable[[str | None, dict[str, Any]], None]] = []

    def send(to: str | None, message: dict[str, Any]) -> None:
        for each in senders:
            each(to, message)

    with ExitStack() as stack:
        store = VerifierStore(Path(config.store), suite.slots_domain, key.address)
        stack.callback(store.close)
        node = VerifierNode(suite, from_block, key, store, send, config.settings, say)
        node.step()  # the log is read before anybody is answered
        others = {member: url for member, url in config.members.items() if member != key.address}
        if config.broker is not None:
            host, port = host_and_port("broker", config.broker)
            topics = ["homes", f"members/{key.address}"]
            link = MqttLink(host, port, suite.slots_domain, key.address, topics, node.receive, say)
            stack.callback(link.close)
            senders.append(MqttSender(link, [member for member in others if not others[member]]).send)
        if any(others.values()):
            http = HttpSender({member: url for member, url in others.items() if url}, say)
            stack.callback(http.close)
            senders.append(http.send)
        if config.listen is not None:
            stack.enter_context(serving(make_app(node), *host_and_port("listen", config.listen)))
        say(f"verifier {key.address} of {suite.council} runs")
        while not stop.wait(config.poll_milliseconds / 1000):
            try:
                node.step()
            except TryAgain as error:
                say(f"waiting: {error}")
