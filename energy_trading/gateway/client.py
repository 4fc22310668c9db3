"""The client of agents and verifier nodes: hands over receipts, orders and readings by HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from energy_trading.errors import BadInput, EnergyTradingError, TryAgain
from energy_trading.files._json import parse_json
from energy_trading.market.slots.messages import SignedAck, SignedSlotReading

if TYPE_CHECKING:
    import httpx

#: items in one request
MOST_ITEMS: Final = 40
#: whoever answers so may take the same thing later: too slow, too many, or does not know the trade yet
_LATER: Final = {408, 425, 429}
_LATER_CODES: Final = {"not-enrolled", "too-many-requests", "too-many-open", "try-again", "body-too-slow"}
_LONGEST_ANSWER: Final = 2**20


class Answer(Enum):
    """What a receiver did with an item."""

    TAKEN = "taken"
    REFUSED = "refused for good"
    LATER = "not now"


class NotReached(TryAgain):
    """A receiver could not be reached, or answered something that is no answer."""


class AgentPost:
    """One agent's API, as far as a gateway uses it.

    Every post is idempotent: what is posted is signed, so a receiver knows it when it comes again.

    Args:
        url: up to the paths of the API; an agent's ends with /v1.
        seconds: how long one request may take.

    Raises:
        BadInput: httpx is not installed.

    Source:
        S-1; agent.md.
    """

    def __init__(self, url: str, seconds: float = 10.0) -> None:
        try:
            import httpx
        except ImportError as error:
            raise BadInput("agents need httpx: pip install energy-trading[gateway]") from error
        self.url = url
        self._http = httpx.Client(timeout=seconds, follow_redirects=False, verify=_authorities())

    def post(self, path: str, items: Sequence[Any]) -> list[tuple[Answer, str]]:
        """Post a list of up to `MOST_ITEMS` items.

        Args:
            path: "receipts", "orders" or "readings".
            items: as JSON.

        Returns:
            For each what became of it, and why.

        Raises:
            NotReached: nothing is known; the call may be repeated.
        """
        answer = self._send(path, list(items))
        if answer.status_code >= 300:
            return [self._judge(answer)] * len(items)
        results = self._body(answer)
        results = results.get("results") if isinstance(results, dict) else None
        if not isinstance(results, list) or len(results) != len(items):
            raise NotReached(f"{self.url} did not answer for each of the {path}")
        return [_result(item) for item in results]

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def acks(self, slot: int, account: str) -> Sequence[SignedAck]:
        """Return what was acknowledged to a home for a slot; an agent acknowledges nothing."""
        return ()

    def reading_json(self, signed: SignedSlotReading) -> dict[str, Any]:
        """Return a slot's reading as `post` takes it."""
        words = signed.to_json()
        return {**words.pop("reading"), **words}

    def _send(self, path: str, body: Any) -> httpx.Response:
        import httpx

        try:
            return self._http.post(f"{self.url}/{path}", json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotReached(f"{self.url} cannot be reached ({type(error).__name__})") from error

    def _judge(self, answer: httpx.Response) -> tuple[Answer, str]:
        status = answer.status_code
        code, detail = "", f"it answered {status}"
        try:
            body = self._body(answer)
            code = str(body.get("code", ""))
            detail = str(body.get("detail") or body.get("title") or body.get("error") or detail)
        except (NotReached, AttributeError):
            pass
        later = status >= 500 or status in _LATER or code in _LATER_CODES
        return (Answer.LATER if later else Answer.REFUSED), detail

    def _body(self, answer: httpx.Response) -> Any:
        if len(answer.content) > _LONGEST_ANSWER:
            raise NotReached(f"the answer of {self.url} is longer than any of an agent")
        try:
            return parse_json(answer.content, "the answer")
        except BadInput as error:
            raise NotReached(f"{self.url} did not answer in JSON") from error


class NodePost(AgentPost):
    """One verifier node's API, as far as a gateway uses it: a message at a time, and its acknowledgements.

    Source:
        Z-4, Z-7.
    """

    def post(self, path: str, items: Sequence[Any]) -> list[tuple[Answer, str]]:
        """Post orders or readings, one after the other."""
        found = []
        for item in items:
            answer = self._send("messages", {"kind": path.removesuffix("s"), "signed": item})
            found.append((Answer.TAKEN, "") if answer.status_code == 200 else self._judge(answer))
        return found

    def acks(self, slot: int, account: str) -> Sequence[SignedAck]:
        """Ask what the node has acknowledged to a home for a slot; nothing if it does not answer."""
        import httpx

        try:
            body = self._body(self._http.get(f"{self.url}/acks/{slot}/{account}"))
            return [] if body.get("ack") is None else [SignedAck.from_json(body["ack"])]
        except (httpx.HTTPError, EnergyTradingError, AttributeError):
            return []

    def reading_json(self, signed: SignedSlotReading) -> dict[str, Any]:
        """Return a slot's reading as `post` takes it."""
        return signed.to_json()


@cache
def _authorities() -> ssl.SSLContext:
    """The certificates that are trusted, read once for all agents."""
    return ssl.create_default_context()


def _result(item: Any) -> tuple[Answer, str]:
    problem = item.get("problem") if isinstance(item, dict) else {"detail": "it is no result"}
    if problem is None:
        return Answer.TAKEN, ""
    code = str(problem.get("code", "")) if isinstance(problem, dict) else ""
    status = problem.get("status", 422) if isinstance(problem, dict) else 422
    detail = str(problem.get("detail") or code) if isinstance(problem, dict) else str(problem)
    later = code in _LATER_CODES or (isinstance(status, int) and status >= 500)
    return (Answer.LATER if later else Answer.REFUSED), detail
