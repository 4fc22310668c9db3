"""A node's service: what it takes, and how it answers what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from energy_trading import BadInput, ConditionBroken, Forged, VerifierConfig
from energy_trading.council._verifier_http import make_app
from energy_trading.errors import TryAgain


class Taker:
    """A node's face: it remembers what it is given, and refuses on demand."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def receive(self, message: Any) -> dict[str, Any]:
        self.taken.append(message)
        refusals: dict[Any, Exception] = {
            "bad": BadInput("bad"),
            "forged": Forged("forged"),
            "broken": ConditionBroken(1, "somebody", "broken", {}),
            "later": TryAgain("later"),
        }
        asked = message["signed"] if isinstance(message["signed"], str) else None
        if asked in refusals:
            raise refusals[asked]
        return {"ack": None}

    def status(self) -> dict[str, Any]:
        return {"slot": 7}


@pytest.fixture
def service() -> tuple[Any, Taker]:
    from starlette.testclient import TestClient

    taker = Taker()
    return TestClient(make_app(taker)), taker  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "status"), [("bad", 400), ("forged", 403), ("broken", 409), ("later", 503)]
)
def test_refusals_have_a_status(service: tuple[Any, Taker], asked: str, status: int) -> None:
    """Whoever sends can tell its own mistake from what may succeed later."""
    answer = service[0].post("/messages", json={"kind": "order", "signed": asked})
    assert answer.status_code == status
    assert asked in answer.json()["error"]


def test_lists_of_an_agent_are_taken_one_by_one(service: tuple[Any, Taker]) -> None:
    """What a market agent hands over for many homes does not stop at one that is refused."""
    client, taker = service
    answer = client.post("/orders", json=["bad", {"order": 1}])
    assert (answer.status_code, answer.json()) == (200, [{"error": "bad"}, {"ack": None}])
    flat = {"account": "0x", "slot": "5", "net_wh": "-2", "meter": "0x", "signature": "0x"}
    assert client.post("/readings", json=[flat]).status_code == 200
    reading = {"account": "0x", "slot": "5", "net_wh": "-2"}
    assert taker.taken[-1]["signed"] == {"reading": reading, "meter": "0x", "signature": "0x"}
    assert client.get("/status").json() == {"slot": 7}
    assert client.post("/messages", content=b"{").status_code == 400
    assert client.post("/orders", json={}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"listen": None}, "needs an address to listen at, a broker, or both"),
        ({"listen": "127.0.0.1"}, "listen must be HOST:PORT"),
        ({"broker": "host:70000"}, "broker must be HOST:PORT"),
        ({"members": []}, "members must be an object"),
        ({"members": {"me": ""}}, "a member must be an address"),
        ({"poll_milliseconds": 1}, "poll_milliseconds must be between"),
        ({"colour": "red"}, "must be an object with fields of"),
    ],
)
def test_revert_given_wrong_configuration(changes: dict[str, Any], text: str, tmp_path: Path) -> None:
    """A wrong field of a node's configuration is refused by name."""
    import json

    path = tmp_path / "verifier.json"
    good = {"rpc": "http://127.0.0.1:1", "deployment": "d.json", "store": "v.db", "listen": "127.0.0.1:8"}
    path.write_text(json.dumps(good))
    assert VerifierConfig.read(path).store == str(tmp_path / "v.db")
    path.write_text(json.dumps(good | changes))
    with pytest.raises(BadInput, match=text):
        VerifierConfig.read(path)
