"""A verifier node over HTTP: what homes and other members post to it, and what it posts to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from energy_trading.council.verifier_node import VerifierNode
from energy_trading.errors import BadInput, EnergyTradingError, Forged, RuleBroken, TryAgain
from energy_trading.files._json import check_address, parse_json

if TYPE_CHECKING:
    from fastapi import FastAPI

#: the largest message is a proposal of 4,096 homes
MAX_BODY: Final = 16 * 2**20
_SECONDS: Final = 5.0
_WAITING: Final = 256
_STATUS: Final = ((BadInput, 400), (Forged, 403), (RuleBroken, 409), (TryAgain, 503))


class VerifierSupportMissing(BadInput):
    """The package's `verifier` extra is not installed."""


def make_app(node: VerifierNode) -> FastAPI:
    """Return the service of a node.

    Raises:
        VerifierSupportMissing: FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI, Request
        from fastapi.concurrency import run_in_threadpool
        from fastapi.responses import JSONResponse
    except ImportError as error:
        raise VerifierSupportMissing("a verifier node needs pip install energy-trading[verifier]") from error

    app = FastAPI(title="Verifier node", docs_url=None, redoc_url=None)

    @app.exception_handler(EnergyTradingError)
    async def refuse(_: Request, error: Exception) -> JSONResponse:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        return JSONResponse({"error": str(error)}, status)

    async def messages(request: Request) -> JSONResponse:
        if int(request.headers.get("content-length", "0")) > MAX_BODY:
            raise BadInput(f"a message must have at most {MAX_BODY} bytes")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise BadInput(f"a message must have at most {MAX_BODY} bytes")
        reply = await run_in_threadpool(lambda: node.receive(parse_json(body, "the message")))
        return JSONResponse(reply)

    def status() -> JSONResponse:
        return JSONResponse(node.status())

    def acks(slot: int, account: str) -> JSONResponse:
        ack = node.ack_of(slot, check_address(account, "account"))
        return JSONResponse({"ack": None if ack is None else ack.to_json()})

    def failures(slot: int | None = None) -> JSONResponse:
        return JSONResponse(node.failures(slot))

    # Annotations are text in this module, and `Request` is known only in here.
    messages.__annotations__["request"] = Request
    app.post("/messages", response_model=None)(messages)
    app.get("/status", response_model=None)(status)
    app.get("/acks/{slot}/{account}", response_model=None)(acks)
    app.get("/failures", response_model=None)(failures)
    return app


@contextmanager
def serving(app: FastAPI, host: str, port: int) -> Iterator[None]:
    """Serve in a thread of its own until the block ends.

    Raises:
        TryAgain: nothing can listen at this address.
    """
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise TryAgain(f"nothing can listen at {host}:{port}: the address is in use or not ours")
        thread.join(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_SECONDS)


class HttpSender:
    """Posts messages to members; one that does not answer delays nobody else.

    Args:
        members: URL of each member by its account, without this node.
        say: is called with a line of text about a member that refuses.
    """

    def __init__(self, members: Mapping[str, str], say: Callable[[str], None]) -> None:
        try:
            import httpx
        except ImportError as error:
            raise VerifierSupportMissing(
                "a verifier node needs pip install energy-trading[verifier]"
            ) from error
        self._members, self._say = dict(members), say
        self._client = httpx.Client(timeout=_SECONDS)
        self._queues = {
            member: ThreadPoolExecutor(1, thread_name_prefix=f"to {member[:8]}") for member in members
        }
        self._waiting = dict.fromkeys(members, 0)
        self._lock = threading.Lock()

    def send(self, to: str | None, message: dict[str, Any]) -> None:
        """Post a message to a member, or to all of them; homes ask for their acknowledgements themselves."""
        for member in self._members if to is None else [to]:
            if member not in self._members:
                continue
            with self._lock:
                if self._waiting[member] >= _WAITING:
                    continue  # like a lost message: what matters is sent again
                self._waiting[member] += 1
            self._queues[member].submit(self._post, member, message)

    def close(self) -> None:
        """Stop sending."""
        for queue in self._queues.values():
            queue.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _post(self, member: str, message: dict[str, Any]) -> None:
        import httpx

        try:
            answer = self._client.post(f"{self._members[member]}/messages", json=message)
            if answer.status_code >= 400:
                self._say(f"{member} refuses: {answer.text[:300]}")
        except (httpx.HTTPError, RuntimeError):
            pass  # it is down, or this node is closing
        finally:
            with self._lock:
                self._waiting[member] -= 1
