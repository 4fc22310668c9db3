"""A home's link to the members: it sends orders and readings, and collects what they acknowledge."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from energy_trading.council._verifier_http import VerifierSupportMissing
from energy_trading.errors import EnergyTradingError, TryAgain
from energy_trading.market.slots.home_records import HomeRecords
from energy_trading.market.slots.messages import SignedAck, SignedOrder, SignedSlotReading
from energy_trading.types import Domain

_SECONDS: Final = 5.0


class NoMemberReached(TryAgain):
    """No member has taken the message; send it again."""


class HomeLink:
    """Sends a home's messages to members over HTTP, and keeps them and the answers in the home's records.

    Args:
        urls: of the members' services; the more, the harder a home is to leave out.
        records: of the home.

    Source:
        Z-4, Z-7.
    """

    def __init__(self, urls: Sequence[str], records: HomeRecords) -> None:
        try:
            import httpx
        except ImportError as error:
            raise VerifierSupportMissing(
                "sending to members needs pip install energy-trading[verifier]"
            ) from error
        self._urls, self._records = list(urls), records
        self._client = httpx.Client(timeout=_SECONDS)

    def __enter__(self) -> HomeLink:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def order(self, signed: SignedOrder) -> int:
        """Send an order.

        Returns:
            How many members have taken it.

        Raises:
            NoMemberReached: none has; the error repeats what one of them stated.
        """
        self._records.keep_order(signed)
        return len(self._tell({"kind": "order", "signed": signed.to_json()}))

    def reading(self, signed: SignedSlotReading) -> list[SignedAck]:
        """Send a reading.

        Returns:
            What members have acknowledged at once; `acks` asks again.

        Raises:
            NoMemberReached: none has taken it.
        """
        self._records.keep_reading(signed)
        return self._kept(self._tell({"kind": "reading", "signed": signed.to_json()}))

    def acks(self, slot: int, account: str) -> list[SignedAck]:
        """Ask the members for what they have acknowledged to a home for a slot."""
        import httpx

        found = []
        for url in self._urls:
            try:
                answer = self._client.get(f"{url}/acks/{slot}/{account}")
            except httpx.HTTPError:
                continue
            if answer.status_code == 200:
                found.append(answer.json())
        return self._kept(found)

    def _tell(self, message: dict[str, Any]) -> list[Any]:
        import httpx

        found, why = [], "no member answers"
        for url in self._urls:
            try:
                answer = self._client.post(f"{url}/messages", json=message)
                value = answer.json()
            except (httpx.HTTPError, ValueError):
                continue
            if answer.status_code == 200:
                found.append(value)
            else:
                why = str(value.get("error", why))
        if not found:
            raise NoMemberReached(why)
        return found

    def _kept(self, answers: list[Any]) -> list[SignedAck]:
        acks = []
        for answer in answers:
            try:
                if answer.get("ack") is not None:
                    ack = SignedAck.from_json(answer["ack"])
                    self._records.keep_ack(ack)
                    acks.append(ack)
            except EnergyTradingError:
                continue  # what a member did not sign is no acknowledgement
        return acks


class MqttHomeLink:
    """The same over an MQTT broker: nobody answers at once; acknowledgements arrive in the records.

    Args:
        host, port: of the broker.
        domain: of the slot market.
        accounts: of the homes whose acknowledgements are read.
        records: of the homes.

    Raises:
        MqttSupportMissing: the package's `mqtt` extra is not installed.
        TryAgain: the broker cannot be reached.
    """

    def __init__(
        self, host: str, port: int, domain: Domain, accounts: Sequence[str], records: HomeRecords
    ) -> None:
        from energy_trading.council._verifier_mqtt import MqttLink

        self._records = records
        name = f"home {accounts[0]} {secrets.token_hex(4)}"
        self._link = MqttLink(host, port, domain, name, [f"answers/{a}" for a in accounts], self._take)

    def close(self) -> None:
        """Leave the broker."""
        self._link.close()

    def order(self, signed: SignedOrder) -> None:
        """Publish an order."""
        self._records.keep_order(signed)
        self._link.publish("homes", {"kind": "order", "signed": signed.to_json()})

    def reading(self, signed: SignedSlotReading) -> None:
        """Publish a reading."""
        self._records.keep_reading(signed)
        self._link.publish("homes", {"kind": "reading", "signed": signed.to_json()})

    def _take(self, message: Any) -> None:
        if isinstance(message, dict) and message.get("kind") == "ack":
            self._records.keep_ack(SignedAck.from_json(message["signed"]))
