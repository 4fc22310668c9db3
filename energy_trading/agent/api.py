"""The HTTP service: `/v1` for homes and their software, and what operators need."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Final, TypeVar

from eth_utils.address import to_checksum_address
from fastapi import Depends, FastAPI, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy import select
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException

from energy_trading.agent import intents as life
from energy_trading.agent.book import listed, ranked
from energy_trading.agent.problems import MEDIA_TYPE, Problem, problem_of
from energy_trading.agent.schemas import (
    ADDRESS,
    FLAG,
    HASH,
    HEX,
    NUMBER,
    TEXT,
    array,
    components,
    examples,
    nullable,
    page,
    problem_answers,
    record,
    ref,
    titles,
)
from energy_trading.agent.service import Service
from energy_trading.agent.slots import slots_of
from energy_trading.agent.stream import KINDS as STREAM_KINDS
from energy_trading.agent.stream import Hub
from energy_trading.agent.supplier import as_csv, kept_readings, positions
from energy_trading.agent.tables import attempts, intents, jobs
from energy_trading.agent.view import Head
from energy_trading.crypto._signatures import compact
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files._json import check_list, check_object, check_text, from_hex, parse_json, to_hex
from energy_trading.market.log.event_json import to_plain
from energy_trading.market.log.positions import SlotRule, Tariffs
from energy_trading.types import Bid, Domain

log: Final = logging.getLogger("energy_trading.agent")
requests_log: Final = logging.getLogger("energy_trading.agent.requests")

#: seconds in which a body must have arrived
BODY_SECONDS: Final = 10.0
_MOST_CLIENTS: Final = 20_000
_DIGITS: Final = "^(0|[1-9][0-9]{0,18})$"
_F = TypeVar("_F", bound=Callable[..., Any])
Answers = dict[int | str, dict[str, Any]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_Address = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{40}$", examples=["0x" + "11" * 20])]
_Hash = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", examples=["0x" + "ab" * 32])]
_Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
_Cursor = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]
_Account = Annotated[
    str | None, Query(pattern="^0x[0-9a-fA-F]{40}$", description="Only what this account takes part in.")
]
_Number = Annotated[str, Query(pattern=_DIGITS)]
_LATEST: Final = str(2**62)
_From = Annotated[str, Query(alias="from", pattern=_DIGITS, description="Unix seconds.")]
_To = Annotated[str, Query(alias="to", pattern=_DIGITS, description="Unix seconds, not included.")]
_Token = Annotated[
    str | None, Header(alias="Authorization", description="`Bearer` and the token of a session.")
]


def texts(value: Any) -> Any:
    """Return a value for JSON with every integer as text, so that no language rounds one."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, dict):
        return {name: texts(item) for name, item in value.items()}
    return [texts(item) for item in value] if isinstance(value, list | tuple) else value


def make_app(service: Service, body_seconds: float = BODY_SECONDS) -> FastAPI:
    """Return the application of one agent.

    Args:
        service: that answers; its rounds are run by somebody else.
        body_seconds: in which a request's body must have arrived.
    """
    hub = Hub(service.store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reader = asyncio.create_task(hub.run())
        yield
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader

    app = FastAPI(
        title="Market agent",
        version="1",
        summary="Carries signed orders of an energy market to the chain and shows what became of them.",
        description="Integers are texts. Every action is signed by the account that it names; the agent holds"
        " no user's key. Errors follow RFC 9457 with a stable `code`.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.hub = hub
    meters = _Meters(service, hub)
    _Handlers(app)
    _Routes(app, service, hub, body_seconds)
    _operator_routes(app, service, meters)
    _describe(app)
    app.add_middleware(_Gate, service=service, meters=meters)
    return app


class _Meters:
    """The figures of `/metrics`; none of them names an account or an address."""

    def __init__(self, service: Service, hub: Hub) -> None:
        self._service, self._hub = service, hub
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self.requests = Counter("agent_requests", "Requests answered", labels, registry=self.registry)
        self.lag = Gauge("agent_index_lag_blocks", "Blocks behind the node", registry=self.registry)
        self.block = Gauge("agent_indexed_block", "Newest indexed block", registry=self.registry)
        self.intents = Gauge("agent_intents", "Signed orders", ["kind", "state"], registry=self.registry)
        self.jobs = Gauge("agent_jobs", "Transactions of the relayer", ["state"], registry=self.registry)
        self.reorgs = Gauge("agent_reorganisations", "Reorganisations seen", registry=self.registry)
        self.balance = Gauge("agent_relayer_balance_wei", "Money for gas", registry=self.registry)
        self.alarm = Gauge("agent_alarm", "1 if the index has stopped", registry=self.registry)
        self.listeners = Gauge("agent_listeners", "Listeners of the stream", registry=self.registry)

    def text(self) -> bytes:
        """Return the figures as they are now."""
        status = self._service.status()
        self.lag.set(status["lag_blocks"])
        self.block.set(status["indexed_block"] or 0)
        self.reorgs.set(status["reorganisations"])
        self.balance.set(float(status["relayer_balance_wei"]))
        self.alarm.set(status["alarm"] is not None)
        self.listeners.set(self._hub.listeners)
        self.intents.clear()
        for name, count in status["intents"].items():
            kind, _, state = name.partition(" ")
            self.intents.labels(kind, state).set(count)
        self.jobs.clear()
        for state, count in status["jobs"].items():
            self.jobs.labels(state).set(count)
        return generate_latest(self.registry)


class _Gate:
    """Stands before everything: counts, logs, and refuses an address that asks too often."""

    def __init__(self, app: Any, service: Service, meters: _Meters) -> None:
        self._app, self._meters = app, meters
        self._rate, self._with_addresses = service.config.rate, service.config.log_addresses
        self._clock = service.clock
        #: client address: requests left, and when that was
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = str((scope.get("client") or ("",))[0])
        status = [500]

        async def watch(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        start = time.perf_counter()
        if scope["path"].startswith("/v1/") and not self._admits(client):
            answer = _answer(Problem("too-many-requests"), {"Retry-After": "10"})
            await answer(scope, receive, watch)
        else:
            await self._app(scope, receive, watch)
        route = getattr(scope.get("route"), "path", "other")
        self._meters.requests.labels(scope["method"], route, status[0]).inc()
        # The route and no path, no query and no body: they may contain addresses and signatures.
        who = f" {client}" if self._with_addresses else ""
        took = (time.perf_counter() - start) * 1000
        requests_log.info("%s %s %s %.1f ms%s", scope["method"], route, status[0], took, who)

    def _admits(self, client: str) -> bool:
        now = self._clock()
        left, since = self._clients.pop(client, (float(self._rate), now))
        left = min(float(self._rate), left + (now - since) * self._rate / 60)
        self._clients[client] = max(left - 1, 0), now
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return left >= 1


class _Handlers:
    """Turns exceptions into answers."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        app.add_exception_handler(EnergyTradingError, self._own)
        app.add_exception_handler(RequestValidationError, self._malformed)
        app.add_exception_handler(HTTPException, self._http)
        app.add_exception_handler(Exception, self._bug)

    async def _own(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, EnergyTradingError), "it is registered for these"
        problem = problem_of(error)
        if problem.status >= 500:
            log.error("%s: %s", problem.code, error)
        return _answer(problem)

    async def _malformed(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError), "it is registered for these"
        places = (".".join(map(str, one["loc"])) + ": " + str(one["msg"]) for one in error.errors())
        return _answer(Problem("bad-input", "; ".join(places)))

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException), "it is registered for these"
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-input")
        headers = dict(error.headers or {})
        if error.status_code == 405:  # the framework names the methods of one operation only
            path = request.url.path
            paths = self._app.openapi()["paths"].items()
            named = [set(found) for where, found in paths if _fits(where, path)]
            headers["Allow"] = ", ".join(sorted(m.upper() for m in set().union(*named)))
        return _answer(Problem(code), headers)

    async def _bug(self, _: Request, error: Exception) -> Response:
        log.error("a bug: %s", type(error).__name__, exc_info=error)
        return _answer(Problem("internal"))


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    same = (a == b or a.startswith("{") for a, b in zip(parts, given, strict=False))
    return len(parts) == len(given) and all(same)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    headers = dict(headers or {})
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(problem.to_json(), problem.status, headers, MEDIA_TYPE)


class _Routes:
    """The operations of `/v1`."""

    def __init__(self, app: FastAPI, service: Service, hub: Hub, body_seconds: float) -> None:
        self._app, self._service, self._hub, self._body_seconds = app, service, hub, body_seconds
        self._shared()
        self._actions()
        self._lists()
        self._own_data()
        self._live()

    # ------------------------------------------------------------ helpers

    def _body(self) -> Any:
        limit, seconds = self._service.config.max_body, self._body_seconds

        async def read(request: Request) -> Any:
            stated = request.headers.get("content-length", "0")
            if not stated.isdecimal() or int(stated) > limit:
                raise Problem("body-too-large")
            body = bytearray()
            try:
                async with asyncio.timeout(seconds):
                    async for part in request.stream():
                        body += part
                        if len(body) > limit:
                            raise Problem("body-too-large")
            except TimeoutError:
                raise Problem("body-too-slow") from None
            return parse_json(bytes(body), "the body")

        return Depends(read)

    def _head(self) -> Head:
        head = self._service.view.head
        if head is None:
            raise Problem("try-again", "nothing is indexed yet")
        return head

    def _page(
        self, items: list[Any], key: Callable[[Any], str], cursor: str | None, limit: int, shown: Any = None
    ) -> Any:
        """Return one page of a list whose order does not change but at its end."""
        head, start = self._head(), 0
        if cursor is not None:
            place, id = _read_cursor(cursor)
            if place <= len(items) and place > 0 and key(items[place - 1]) == id:
                start = place
            else:
                found = [i for i, item in enumerate(items) if key(item) == id]
                if not found:
                    raise Problem("cursor-gone")
                start = found[0] + 1
        part = items[start : start + limit]
        more = start + limit < len(items)
        return {
            "block": _block(head),
            "items": [texts((shown or (lambda x: x.to_dict()))(item)) for item in part],
            "next": _write_cursor(start + limit, key(part[-1])) if more and part else None,
        }

    def _session(self, token: str | None) -> str:
        if token is None or not token.startswith("Bearer "):
            raise Problem("no-session")
        return self._service.login.account_of(token.removeprefix("Bearer "), int(self._service.clock()))

    def _post(
        self,
        path: str,
        body: dict[str, Any],
        example: Any,
        answers: Answers,
        codes: Iterable[str],
        **more: Any,
    ) -> Callable[[_F], _F]:
        common = (
            "bad-input",
            "body-too-large",
            "body-too-slow",
            "too-many-requests",
            "try-again",
            "internal",
        )
        content = {"application/json": {"schema": body, "example": example}}
        return self._app.post(
            path,
            openapi_extra={"requestBody": {"required": True, "content": content}},
            responses={**problem_answers(*common, *codes), **answers},
            status_code=min(map(int, answers)),
            **more,
        )

    def _get(self, path: str, schema: dict[str, Any], *codes: str, **more: Any) -> Callable[[_F], _F]:
        common = ("bad-input", "too-many-requests", "try-again", "internal")
        answers: Answers = {200: _success("The answer.", schema)}
        return self._app.get(path, responses={**problem_answers(*common, *codes), **answers}, **more)

    # ------------------------------------------------------------ login and configuration

    def _shared(self) -> None:
        service, body = self._service, self._body()
        config_schema = record(
            {
                "chain_id": NUMBER,
                "contracts": {"type": "object", "additionalProperties": ADDRESS},
                "relayer": ADDRESS,
                "final_blocks": NUMBER,
                "most_receipts": NUMBER,
                "block": nullable(ref("Block")),
                "lag_blocks": NUMBER,
                "slot_market": nullable(ADDRESS),
                "name": TEXT,
            }
        )
        contracts = {**service.suite.addresses, "RelayDesk": service.suite.desk.address}

        @self._get("/v1/config", config_schema, tags=["market"], summary="The market and this agent")
        def config() -> Response:
            """Say which contracts on which chain this agent serves, and how far its index is."""
            head = service.view.head
            status = service.status()
            return _reply(
                {
                    "chain_id": service.chain.chain_id,
                    "contracts": contracts,
                    "relayer": service.relayer.address,
                    "final_blocks": service.config.final_blocks,
                    "most_receipts": 40,
                    "block": None if head is None else _block(head),
                    "lag_blocks": status["lag_blocks"],
                    "slot_market": service.config.slot_market or None,
                    "name": service.config.name,
                }
            )

        @self._post(
            "/v1/auth/nonce",
            record({"account": ADDRESS}),
            {"account": "0x" + "11" * 20},
            {200: _success("A text to sign.", record({"message": TEXT}))},
            (),
            tags=["session"],
            summary="A text for the wallet to sign",
        )
        def nonce(value: Any = body) -> Response:
            """Make a text (EIP-4361) that the account signs to open a session; it works once."""
            account = _address(check_object(value, "the body", {"account"})["account"])
            return _reply({"message": service.login.text(account, int(service.clock()))})

        @self._post(
            "/v1/auth/session",
            record({"account": ADDRESS, "message": TEXT, "signature": HEX}),
            {"account": "0x" + "11" * 20, "message": "localhost wants you …", "signature": "0x" + "11" * 65},
            {200: _success("The session.", record({"token": TEXT, "until": NUMBER}))},
            ("not-signed",),
            tags=["session"],
            summary="Open a session",
        )
        def session(value: Any = body) -> Response:
            """Open a session for a signed text. A session reads the account's own data; it never trades."""
            value = check_object(value, "the body", {"account", "message", "signature"})
            account, text = _address(value["account"]), check_text(value["message"], "message")
            signature = from_hex(value["signature"], "signature")
            token, until = service.login.open(account, text, signature, int(service.clock()))
            return _reply({"token": token, "until": until})

        @self._app.delete(
            "/v1/auth/session",
            status_code=204,
            response_class=Response,
            responses=problem_answers(
                "no-session", "too-many-requests", "bad-input", "try-again", "internal"
            ),
            tags=["session"],
            summary="End a session",
        )
        def end(authorization: _Token = None) -> Response:
            """End the session whose token is in the header."""
            self._session(authorization)
            service.login.close((authorization or "").removeprefix("Bearer "))
            return Response(status_code=204)

    # ------------------------------------------------------------ actions

    def _actions(self) -> None:
        service, body, shown = self._service, self._body(), examples()
        taken: Answers = {
            202: _success("Taken in.", ref("Intent")),
            200: _success("It was here already.", ref("Intent")),
        }
        refusals = (
            "deadline-passed",
            "not-signed",
            "wrong-market",
            "not-enrolled",
            "unfunded",
            "too-many-open",
            "record-changed",
            "relay-unfunded",
            "budget-spent",
            "gas-too-dear",
        )

        def done(result: tuple[dict[str, Any], bool]) -> Response:
            intent, new = result
            return _reply(intent, 202 if new else 200)

        @self._post(
            "/v1/offers",
            ref("SignedOffer"),
            shown["SignedOffer"],
            taken,
            (*refusals, "hidden-energy"),
            tags=["actions"],
            summary="SHARE: offer energy",
        )
        def share(value: Any = body) -> Response:
            """Take in an offer that its seller signed off chain, and list it for buyers (S-3)."""
            return done(service.intake.offer(value))

        def order_route(path: str, kinds: tuple[str, ...], summary: str, text: str, example: Any) -> None:
            schema: dict[str, Any] = {"oneOf": titles(*kinds)}

            def take(value: Any = body) -> Response:
                return done(service.intake.intent(value, kinds))

            take.__doc__ = text
            take.__name__ = path.rpartition("/")[2]
            self._post(path, schema, example, taken, refusals, tags=["actions"], summary=summary)(take)

        order_route(
            "/v1/requests",
            ("bid",),
            "REQUEST: ask for energy",
            "Take in a standing order to buy within limits; the best offer fills it (S-3, S-6).",
            shown["Bid"],
        )
        order_route(
            "/v1/purchases",
            ("purchase",),
            "Buy one offer",
            "Take in the signed acceptance of one offer; it is carried in a batch.",
            shown["Purchase"],
        )
        order_route(
            "/v1/cancellations",
            ("cancellation", "give-up", "nonce-cancellation"),
            "Cancel an offer or a signed order",
            "Take in a signed cancellation. What it cancels is *cancelling* until the chain has it.",
            shown["Cancellation"],
        )
        order_route(
            "/v1/intents",
            ("purchase", "bid", "cancellation", "give-up", "nonce-cancellation", "withdrawal", "deposit"),
            "Hand over any signed order",
            "Take in a signed order of any kind, also withdrawals and deposits.",
            shown["Bid"],
        )
        result = record({"intent": nullable(ref("Intent")), "problem": nullable(ref("Problem"))})

        @self._post(
            "/v1/receipts",
            array(ref("Receipt"), minItems=1, maxItems=40),
            [shown["Receipt"]],
            {200: _success("What became of each.", record({"results": array(result)}))},
            (),
            tags=["actions"],
            summary="Hand over meters' receipts",
        )
        def receipts(value: Any = body) -> Response:
            """Take in up to 40 receipts of meters; one that is refused stops no other (N-3)."""
            return _reply({"results": service.intake.receipts(value)}, keep=("status",))

        self._slot_actions(body, shown)

    def _slot_actions(self, body: Any, shown: dict[str, Any]) -> None:
        service = self._service
        kept = record({"problem": nullable(ref("Problem")), "new": FLAG})
        answer: Answers = {200: _success("What became of each.", record({"results": array(kept)}))}

        def domain() -> Domain:
            if not service.config.slot_market:
                raise Problem("no-slot-market")
            return Domain("SlotMarket", service.chain.chain_id, service.config.slot_market)

        def each(value: Any, keep: Callable[[Any], bool]) -> Response:
            items = check_list(value, "the body")
            if not 0 < len(items) <= 200:
                raise BadInput(f"there must be 1 to 200 items, not {len(items)}")
            results: list[dict[str, Any]] = []
            for item in items:
                try:
                    results.append({"problem": None, "new": keep(item)})
                except EnergyTradingError as error:
                    results.append({"problem": problem_of(error).to_json(), "new": False})
            return _reply({"results": results}, keep=("status",))

        def enrolled(account: str, meter: bytes | None = None) -> None:
            with service.view.lock:
                known = service.view.fold.accounts.get(account)
                registered = service.view.fold.meters.get(account)
            if known is None or not known.roles or (meter is not None and registered != meter):
                raise Problem("not-enrolled", f"the index knows no such account or meter of {account}")

        @self._post(
            "/v1/orders",
            array(ref("SlotOrder"), minItems=1, maxItems=200),
            [shown["SlotOrder"]],
            answer,
            ("no-slot-market",),
            tags=["slot market"],
            summary="Hand over standing orders for the slot market",
        )
        def orders(value: Any = body) -> Response:
            """Take in standing orders, keep them, and hand them to the verifier nodes."""
            at = domain()

            def keep(item: Any) -> bool:
                order = service.intake.slot_order(item, at)
                enrolled(order.account)
                return service.keep_slot_order(
                    order.account, order.nonce, order.first_slot, order.last_slot, item
                )

            return each(value, keep)

        @self._post(
            "/v1/readings",
            array(ref("SlotReading"), minItems=1, maxItems=200),
            [shown["SlotReading"]],
            answer,
            ("no-slot-market",),
            tags=["slot market"],
            summary="Hand over meters' readings",
        )
        def readings(value: Any = body) -> Response:
            """Take in what registered meters measured, keep it, and hand it to the verifier nodes."""
            at = domain()

            def keep(item: Any) -> bool:
                reading, meter = service.intake.slot_reading(item, at)
                enrolled(reading.account, meter)
                return service.keep_slot_reading(reading.account, reading.slot, reading.net_wh, item)

            return each(value, keep)

    # ------------------------------------------------------------ what everybody may read

    def _lists(self) -> None:
        service, view = self._service, self._service.view

        @self._get(
            "/v1/requests/{id}/reply",
            record({"block": ref("Block"), "request": ref("Intent"), "offers": array(ref("Listed"))}),
            "not-found",
            tags=["market"],
            summary="REPLY: the offers that fit a request",
        )
        def reply(id: _Hash) -> Response:
            """Rank the offers that fit: by price per MWh, the seller's standing, and time (S-3, S-6)."""
            head = self._head()
            with service.store.reading() as connection:
                row = life.get(connection, id)
                if row is None or row.kind != "bid":
                    raise Problem("not-found")
                from energy_trading.market.intents.intent import Intent

                bid = Intent.from_json(json.loads(row.body)).order
                assert isinstance(bid, Bid), "the kind says so"
                found = ranked(listed(connection, view), bid)[:200]
            shown = life.to_json(row)
            return _reply({"block": _block(head), "request": shown, "offers": [o.to_json() for o in found]})

        @self._get(
            "/v1/offers", page("Listed"), "cursor-gone", tags=["market"], summary="Offers that can be bought"
        )
        def offers(
            cursor: _Cursor = None,
            limit: _Limit = 50,
            seller: _Account = None,
            min_wh: _Number = "0",
            max_price_per_mwh: Annotated[str | None, Query(pattern="^(0|[1-9][0-9]{0,77})$")] = None,
        ) -> Response:
            """List signed offers and offers on chain, cheapest first."""
            self._head()
            with service.store.reading() as connection:
                found = listed(connection, view)
            most = None if max_price_per_mwh is None else int(max_price_per_mwh)
            found = [
                item
                for item in found
                if (seller is None or item.offer.terms.seller == _address(seller))
                and item.offer.energy_wh >= int(min_wh)
                and (most is None or item.price_per_mwh_up <= most)
            ]
            found.sort(key=lambda item: (item.price_per_mwh_up, item.offer.trade_id))
            key = lambda item: to_hex(item.offer.trade_id)  # noqa: E731
            return _reply(self._page(found, key, cursor, limit, lambda item: item.to_json()))

        @self._get("/v1/trades", page("Trade"), "cursor-gone", tags=["market"], summary="Trades")
        def trades(
            cursor: _Cursor = None,
            limit: _Limit = 50,
            account: _Account = None,
            state: Annotated[str | None, Query(max_length=40)] = None,
        ) -> Response:
            """List trades in the order in which they were made, ended ones included."""
            with view.lock:
                wanted = None if account is None else _address(account)
                found = [
                    trade
                    for trade in view.fold.trades.values()
                    if (wanted is None or wanted in (trade.terms.seller, trade.buyer))
                    and (state is None or trade.state == state)
                ]
                return _reply(self._page(found, lambda t: to_hex(t.trade_id), cursor, limit))

        @self._get("/v1/auctions", page("Auction"), "cursor-gone", tags=["market"], summary="Auctions")
        def auctions(cursor: _Cursor = None, limit: _Limit = 50) -> Response:
            """List auctions in the order in which they were posted."""
            with view.lock:
                found = list(view.fold.auctions.values())
                return _reply(self._page(found, lambda a: to_hex(a.auction_id), cursor, limit))

        @self._get(
            "/v1/lots", page("Lot"), "cursor-gone", tags=["market"], summary="Lots of certified energy"
        )
        def lots(cursor: _Cursor = None, limit: _Limit = 50, account: _Account = None) -> Response:
            """List lots in the order in which they were made."""
            with view.lock:
                wanted = None if account is None else _address(account)
                found = [lot for lot in view.fold.lots.values() if wanted in (None, lot.owner)]
                return _reply(self._page(found, lambda lot: str(lot.lot), cursor, limit))

        @self._get(
            "/v1/slots", page("Slot"), "cursor-gone", "no-slot-market", tags=["slot market"], summary="Slots"
        )
        def slots(cursor: _Cursor = None, limit: _Limit = 50) -> Response:
            """List the slots that were posted, with price and state."""
            if not service.config.slot_market:
                raise Problem("no-slot-market")
            with service.store.reading() as connection:
                found = slots_of(connection, service.config.slot_market)
            return _reply(self._page(found, lambda slot: str(slot["slot"]), cursor, limit, dict))

        @self._get(
            "/v1/accounts/{account}",
            record({"block": ref("Block"), "account": ref("Account")}),
            "not-found",
            tags=["market"],
            summary="Money and standing of an account",
        )
        def account_of(account: _Address) -> Response:
            """Show an account as the ledger has it, with the last changes of its credit."""
            head, address = self._head(), _address(account)
            with view.lock:
                known = view.fold.accounts.get(address)
                if known is None:
                    raise Problem("not-found")
                changes = view.fold.credits.get(address, [])[-10:]
                meter = view.fold.meters.get(address)
                own = known.view()
            standing = (
                "open",
                "roles",
                "suspended",
                "available",
                "held",
                "seller_credit_e9",
                "buyer_credit_e9",
                "defaults",
                "banned_until",
            )
            shown = {name: getattr(own, name) for name in standing}
            shown |= {"account": address, "meter": None if meter is None else to_hex(meter)}
            shown["changes"] = [_change(change) for change in changes]
            return _reply({"block": _block(head), "account": shown})

        @self._get("/v1/intents/{id}", ref("Intent"), "not-found", tags=["market"], summary="A signed order")
        def intent(id: _Hash) -> Response:
            """Show what became of something that was handed over."""
            with service.store.reading() as connection:
                row = life.get(connection, id)
            if row is None:
                raise Problem("not-found")
            return _reply(life.to_json(row))

        @self._get("/v1/jobs/{id}", ref("Job"), "not-found", tags=["market"], summary="A transaction")
        def job(id: Annotated[str, Path(pattern=_DIGITS, examples=["1"])]) -> Response:
            """Show a transaction of the relayer: every hash that its nonce has had, and what it carries."""
            with service.store.reading() as connection:
                row = connection.execute(select(jobs).where(jobs.c.id == int(id))).one_or_none()
                if row is None:
                    raise Problem("not-found")
                hashes = select(attempts.c.tx).where(attempts.c.job == row.id).order_by(attempts.c.fee)
                sent = [to_hex(bytes(tx)) for tx in connection.execute(hashes).scalars()]
                carried = select(intents.c.id).where(intents.c.job == row.id).order_by(intents.c.number)
                ids = list(connection.execute(carried).scalars())
            fields = ("id", "kind", "state", "sender", "nonce", "block")
            shown = {name: getattr(row, name) for name in fields}
            return _reply(shown | {"transactions": sent, "intents": ids})

        head_schema = record(
            {
                "number": NUMBER,
                "hash": HASH,
                "signature": HEX,
                "signer": ADDRESS,
            }
        )

        @self._get(
            "/v1/records",
            head_schema,
            "no-record",
            "record-changed",
            tags=["records"],
            summary="The newest record",
        )
        def newest_record() -> Response:
            """Show the head of the record chain, signed by the agent (S-5)."""
            service.records.check_whole()
            head = service.records.head()
            if head is None:
                raise Problem("no-record", "no trade has ended in a final block yet")
            signature = compact(service.key.sign_digest(record_domain(service).digest(head)))
            shown = {"number": head.number, "hash": to_hex(head.hash), "signature": to_hex(signature)}
            return _reply(shown | {"signer": service.key.address})

        @self._get(
            "/v1/records/{trade_id}",
            ref("Record"),
            "no-record",
            "record-changed",
            tags=["records"],
            summary="The record of a trade",
        )
        def record_of(trade_id: _Hash) -> Response:
            """Show a trade's record, compared with the log; a changed one is refused (S-5, S-8)."""
            found = service.records.of(from_hex(trade_id, "trade_id", 32))
            if found is None:
                raise Problem("no-record")
            return _reply(found.to_json())

    # ------------------------------------------------------------ what a session may read

    def _own_data(self) -> None:
        service, view = self._service, self._service.view
        locked = ("no-session",)

        @self._get(
            "/v1/me/intents", page("Intent"), *locked, "cursor-gone", tags=["own"], summary="Own orders"
        )
        def my_intents(authorization: _Token = None, cursor: _Cursor = None, limit: _Limit = 50) -> Response:
            """List what the session's account has handed over, oldest first."""
            account = self._session(authorization)
            with service.store.reading() as connection:
                mine = select(intents).where(intents.c.signer == account).order_by(intents.c.number)
                rows = list(connection.execute(mine).all())
            return _reply(self._page(rows, lambda row: str(row.id), cursor, limit, life.to_json))

        @self._get(
            "/v1/me/history", page("Trade"), *locked, "cursor-gone", tags=["own"], summary="Own trades"
        )
        def my_history(authorization: _Token = None, cursor: _Cursor = None, limit: _Limit = 50) -> Response:
            """List the trades of the session's account."""
            account = self._session(authorization)
            with view.lock:
                found = [t for t in view.fold.trades.values() if account in (t.terms.seller, t.buyer)]
                return _reply(self._page(found, lambda t: to_hex(t.trade_id), cursor, limit))

        reading = record({"slot_start": NUMBER, "import_wh": NUMBER, "export_wh": NUMBER})

        @self._get(
            "/v1/me/meter",
            record({"account": ADDRESS, "meter": nullable(HEX), "readings": array(reading)}),
            *locked,
            tags=["own"],
            summary="Own meter",
        )
        def my_meter(authorization: _Token = None) -> Response:
            """Show the registered meter of the session's account, and the last 96 readings it handed over."""
            account = self._session(authorization)
            with view.lock:
                meter = view.fold.meters.get(account)
            with service.store.reading() as connection:
                kept = kept_readings(connection, service.config.slot_seconds)
            mine = sorted((slot, r) for (who, slot), r in kept.items() if who == account)[-96:]
            rows = [{"slot_start": s, "import_wh": r.import_wh, "export_wh": r.export_wh} for s, r in mine]
            shown = None if meter is None else to_hex(meter)
            return _reply({"account": account, "meter": shown, "readings": rows})

        def to_bill(token: str | None, start: str, end: str) -> Any:
            account = self._session(token)
            if account != service.config.supplier:
                raise Problem("wrong-account", "only the supplier reads what is to be billed")
            rule = SlotRule(service.config.slot_seconds)
            tariffs = Tariffs(service.config.retail, service.config.feed_in)
            with service.store.reading() as connection:
                kept = kept_readings(connection, service.config.slot_seconds)
            with view.lock:
                times = int(start), int(end)
                lot_seconds = lot_slot_seconds()
                return positions(view.final_fold, rule, lot_seconds, tariffs, kept, *times)

        fixed: list[int] = []

        def lot_slot_seconds() -> int:
            if not fixed:
                fixed.append(service.suite.lots.lot_parameters().slot_seconds)
            return fixed[0]

        @self._get(
            "/v1/supplier/positions",
            record({"positions": array(ref("Position"))}),
            *locked,
            "wrong-account",
            tags=["supplier"],
            summary="What the supplier has to bill",
        )
        def supplier(authorization: _Token = None, start: _From = "0", end: _To = _LATEST) -> Response:
            """List metered net less positions of every home and slot, of final blocks."""
            return _reply({"positions": [p.to_dict() for p in to_bill(authorization, start, end)]})

        answers: Answers = {
            200: {"description": "The rows.", "content": {"text/csv": {"schema": TEXT}}},
        }
        codes = ("no-session", "wrong-account", "bad-input", "too-many-requests", "try-again", "internal")

        @self._app.get(
            "/v1/supplier/positions.csv",
            responses={**problem_answers(*codes), **answers},
            response_class=PlainTextResponse,
            tags=["supplier"],
            summary="The same as CSV",
        )
        def supplier_csv(authorization: _Token = None, start: _From = "0", end: _To = _LATEST) -> Response:
            """Return metered net less positions of every home and slot as CSV."""
            text = as_csv(to_bill(authorization, start, end))
            return PlainTextResponse(text, media_type="text/csv")

    # ------------------------------------------------------------ stream

    def _live(self) -> None:
        hub = self._hub
        answers: Answers = {
            200: {"description": "Events without an end.", "content": {"text/event-stream": {"schema": TEXT}}}
        }

        @self._app.get(
            "/v1/stream",
            responses={**problem_answers("bad-input", "too-many-requests", "internal"), **answers},
            response_class=EventSourceResponse,
            tags=["market"],
            summary="What happens, as it happens",
        )
        async def stream(
            kinds: Annotated[str | None, Query(max_length=100, description=", ".join(STREAM_KINDS))] = None,
            account: _Account = None,
            last_event_id: Annotated[str | None, Header(pattern=_DIGITS)] = None,
        ) -> Response:
            """Send events; a client that reconnects with `Last-Event-ID` misses none of the last 100,000."""
            wanted = set(STREAM_KINDS if kinds is None else kinds.split(","))
            if not wanted <= set(STREAM_KINDS):
                raise Problem("bad-input", f"kinds are {', '.join(STREAM_KINDS)}")
            after = None if last_event_id is None else int(last_event_id)
            whose = None if account is None else _address(account)
            return EventSourceResponse(hub.listen(after, wanted, whose), ping=15)


def record_domain(service: Service) -> Domain:
    """Return what the head of the record chain is signed for: the market whose trades it is about."""
    return Domain("RecordChain", service.chain.chain_id, service.suite.market.address)


def _operator_routes(app: FastAPI, service: Service, meters: _Meters) -> None:
    state = record({"status": TEXT, "reason": nullable(TEXT)})
    fine: Answers = {200: _success("It is well.", state)}

    @app.get("/healthz", responses={**fine}, tags=["operator"], summary="Whether the process answers")
    def healthz() -> Response:
        """Answer as long as the process runs."""
        return _reply({"status": "alive", "reason": None})

    @app.get(
        "/readyz",
        responses={**fine, 503: _success("It cannot serve now.", state)},
        tags=["operator"],
        summary="Whether the index is up to date",
    )
    def readyz() -> Response:
        """Answer 503 while the index is stopped, behind, or contradicts the log."""
        try:
            status = service.status()
        except EnergyTradingError as error:
            return _reply({"status": "not ready", "reason": str(error)}, 503)
        behind = "the index is behind" if status["lag_blocks"] > 50 or service.view.head is None else None
        changed = "a record was changed" if service.records.broken else None
        reason = status["alarm"] or behind or changed
        shown = {"status": "not ready" if reason else "ready", "reason": reason}
        return _reply(shown, 503 if reason else 200)

    plain: Answers = {200: {"description": "Figures.", "content": {"text/plain": {"schema": TEXT}}}}

    @app.get(
        "/metrics",
        responses={**plain, **problem_answers("try-again")},
        response_class=PlainTextResponse,
        tags=["operator"],
        summary="Figures for Prometheus",
    )
    def metrics() -> Response:
        """Return figures of the index, the orders and the relayer; none names an account."""
        return PlainTextResponse(meters.text())


def _describe(app: FastAPI) -> None:
    """Put the schemas into the description, which knows no other model."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = made()
            described["components"] = {"schemas": components()}
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _success(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _reply(value: Any, status: int = 200, keep: tuple[str, ...] = ()) -> Response:
    return JSONResponse(_texts_but(value, keep), status)


def _texts_but(value: Any, keep: tuple[str, ...]) -> Any:
    """As `texts`, but for named fields, which RFC 9457 wants as numbers."""
    if isinstance(value, dict):
        return {n: v if n in keep else _texts_but(v, keep) for n, v in value.items()}
    return [_texts_but(v, keep) for v in value] if isinstance(value, list | tuple) else texts(value)


def _block(head: Head) -> dict[str, Any]:
    return {"number": str(head.number), "hash": to_hex(head.hash), "time": str(head.time)}


def _change(change: Any) -> dict[str, Any]:
    plain = to_plain(change.change)
    cause = change.change.cause.name.lower().replace("_", " ")
    return {**plain, "cause": cause, "block": change.block}


def _address(value: Any) -> str:
    text = check_text(value, "account")
    if not text.startswith("0x") or len(text) != 42 or not set(text[2:]) <= set("0123456789abcdefABCDEF"):
        raise BadInput("account must be 0x and 40 hexadecimal digits")
    return str(to_checksum_address(text))


def _write_cursor(place: int, id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place, id = json.loads(raw)
        if type(place) is int and isinstance(id, str):
            return place, id
    except (ValueError, TypeError, RecursionError):
        pass
    raise Problem("bad-input", "the cursor is not one that this service wrote")
