"""The client of a home: speaks to one agent, and checks its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, RuleBroken, TryAgain
from energy_trading.files._json import exact, to_hex
from energy_trading.market.intents.intent import Intent
from energy_trading.market.trade._delivery_json import delivery_to_json
from energy_trading.market.trade.offer import Offer, terms_to_json
from energy_trading.types import Delivery

if TYPE_CHECKING:
    import httpx

    from energy_trading.chain.connect import Chain

_PATHS: Final = {
    "purchase": "purchases",
    "bid": "requests",
    "cancellation": "cancellations",
    "give-up": "cancellations",
    "nonce-cancellation": "cancellations",
}
#: states after which only a reorganisation changes anything
ENDED: Final = ("final", "cancelled", "expired", "unfunded", "failed")


class AgentRefused(RuleBroken):
    """The agent refused a request.

    Args:
        status: of HTTP.
        problem: the body of the answer (RFC 9457).
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        text = problem.get("detail") or problem.get("title") or "no reason was given"
        super().__init__(f"the agent refused ({problem.get('code', status)}): {text}")
        self.status, self.problem = status, problem

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.problem.get("code", ""))


class AgentAway(TryAgain):
    """The agent cannot be reached, or it cannot serve now; an order can be submitted without it."""


class AgentLied(Forged):
    """What the agent states is not what the chain has."""


class AgentClient:
    """Hands signed things over to an agent. It never hands over a key or a salt.

    Args:
        url: of the agent, with a proxy's TLS (transport layer security) in front of it.
        chain: the home's own node, to compare answers with; None believes them.
        http: a client of httpx, for tests; None makes one.
    """

    def __init__(self, url: str, chain: Chain | None = None, http: httpx.Client | None = None) -> None:
        import httpx

        if not url.startswith(("http://", "https://")):
            raise BadInput(f"the agent's URL begins with http:// or https://, unlike {url!r}")
        self._http = httpx.Client(base_url=url, timeout=30) if http is None else http
        self._chain = chain

    def share(self, offer: Offer) -> dict[str, Any]:
        """Hand over a signed offer (SHARE); its quantity must be plain.

        Raises:
            BadInput: the quantity is hidden; then the offer is for its buyer and no agent.
            AgentRefused, AgentAway: it was not taken in.
        """
        if offer.salt is not None or offer.signature is None:
            raise BadInput("only a signed offer with a plain quantity is shared with an agent")
        body = {
            "terms": terms_to_json(offer.terms),
            "energy_wh": exact(offer.energy_wh),
            "signature": to_hex(offer.signature),
        }
        answer: dict[str, Any] = self._call("POST", "/v1/offers", body)
        return answer

    def submit(self, intent: Intent) -> dict[str, Any]:
        """Hand over a signed order; a second time it changes nothing.

        Raises:
            AgentRefused, AgentAway: it was not taken in.
        """
        answer: dict[str, Any] = self._call(
            "POST", f"/v1/{_PATHS.get(intent.kind, 'intents')}", intent.to_json()
        )
        return answer

    def receipts(self, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
        """Hand over receipts; each is answered with an `intent` or a `problem`."""
        body = [delivery_to_json(delivery) for delivery in deliveries]
        results: list[dict[str, Any]] = self._call("POST", "/v1/receipts", body)["results"]
        return results

    def intent(self, id: str) -> dict[str, Any]:
        """Return what became of something that was handed over."""
        found: dict[str, Any] = self._call("GET", f"/v1/intents/{id}")
        return found

    def reply(self, id: str) -> list[dict[str, Any]]:
        """Return the offers that fit a request, best first (REPLY)."""
        answer = self._call("GET", f"/v1/requests/{id}/reply")
        self._compare(answer["block"])
        offers: list[dict[str, Any]] = answer["offers"]
        return offers

    def listed(self, what: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Yield all items of a list: offers, trades, auctions, lots or slots."""
        cursor: str | None = None
        while True:
            given = filters if cursor is None else {**filters, "cursor": cursor}
            answer = self._call("GET", f"/v1/{what}", params=given)
            self._compare(answer["block"])
            yield from answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return

    def account(self, account: str) -> dict[str, Any]:
        """Return money and standing of an account."""
        answer = self._call("GET", f"/v1/accounts/{account}")
        self._compare(answer["block"])
        shown: dict[str, Any] = answer["account"]
        return shown

    def record(self, trade_id: bytes) -> dict[str, Any]:
        """Return the record of a trade that ended in a final block."""
        answer: dict[str, Any] = self._call("GET", f"/v1/records/{to_hex(trade_id)}")
        return answer

    def log_in(self, key: SecretKey) -> str:
        """Open a session that reads the account's own data; return its token."""
        from eth_utils.crypto import keccak

        message = self._call("POST", "/v1/auth/nonce", {"account": key.address})["message"]
        raw = message.encode()
        digest = keccak(f"\x19Ethereum Signed Message:\n{len(raw)}".encode() + raw)
        signature = to_hex(compact(key.sign_digest(digest)))
        body = {"account": key.address, "message": message, "signature": signature}
        return str(self._call("POST", "/v1/auth/session", body)["token"])

    def own(self, what: str, token: str) -> dict[str, Any]:
        """Return own data: `meter`, `history` or `intents`."""
        answer: dict[str, Any] = self._call("GET", f"/v1/me/{what}", token=token)
        return answer

    def compare(self, other: AgentClient, what: str, key: str) -> list[str]:
        """Return the keys of items that one of two agents lists and the other does not (censorship)."""
        mine = {str(item[key]) for item in self.listed(what)}
        theirs = {str(item[key]) for item in other.listed(what)}
        return sorted(mine ^ theirs)

    def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Any:
        import httpx

        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            answer = self._http.request(method, path, json=body, params=params, headers=headers)
        except httpx.HTTPError as error:
            raise AgentAway(f"the agent does not answer ({type(error).__name__})") from None
        try:
            value = answer.json() if answer.content else None
        except json.JSONDecodeError:
            raise AgentAway("what answers is not an agent") from None
        if answer.is_success:
            return value
        problem = value if isinstance(value, dict) else {}
        if answer.status_code == 503:
            raise AgentAway(str(problem.get("detail") or problem.get("title")))
        raise AgentRefused(answer.status_code, problem)

    def _compare(self, block: dict[str, Any]) -> None:
        """Compare the block that an answer was made from with the home's own node.

        Raises:
            AgentLied: the node has another block of that number.
        """
        if self._chain is None:
            return
        own = self._chain.block(int(block["number"]))
        if own is not None and to_hex(own[1]) != block["hash"]:
            raise AgentLied(f"the agent's block {block['number']} is not the one that the node has")
