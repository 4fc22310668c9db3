"""Errors as the service answers them: RFC 9457, each with a stable code."""

from __future__ import annotations

from typing import Any, Final

from energy_trading.agent.records import RecordChanged
from energy_trading.agent.relay import NotCarrying, contract_error
from energy_trading.bindings.contract import ContractRevert
from energy_trading.errors import BadInput, EnergyTradingError, Forged, RuleBroken, TryAgain

MEDIA_TYPE: Final = "application/problem+json"
#: code: status and title
PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    "bad-input": (422, "The request cannot be read."),
    "not-found": (404, "There is nothing here."),
    "method-not-allowed": (405, "The address has no such method."),
    "cursor-gone": (410, "The page that the cursor points to was taken back by the chain; begin anew."),
    "body-too-large": (413, "The body is larger than the service reads."),
    "body-too-slow": (408, "The body did not arrive in time."),
    "too-many-requests": (429, "Too many requests from this address; try again later."),
    "too-many-open": (429, "The account has as many orders open as its credit allows."),
    "deadline-passed": (422, "The deadline has passed."),
    "not-signed": (401, "The signature is not that of the account that is named."),
    "no-session": (401, "There is no session, or it has ended; log in again."),
    "wrong-account": (403, "The session is that of another account."),
    "wrong-market": (422, "This was signed for another market."),
    "not-enrolled": (403, "The account is not open in this market, or it may not trade."),
    "unfunded": (409, "The account does not have the money that this needs."),
    "already-ended": (409, "What this is about has ended on chain."),
    "hidden-energy": (422, "An offer or receipt with hidden energy does not go through an agent."),
    "contract-refused": (409, "The contract refuses this."),
    "rule-broken": (409, "The rules do not allow this now."),
    "record-changed": (409, "A record of this market was changed; trades are refused."),
    "no-record": (404, "The trade has no record: it has not ended in a final block."),
    "relay-unfunded": (503, "The relayer's money for gas is used up; submit the order yourself."),
    "budget-spent": (503, "The relayer's budget of the day is used up; submit the order yourself."),
    "gas-too-dear": (503, "Gas costs more than the relayer pays; try again later."),
    "try-again": (503, "Something is not reachable; try again."),
    "no-slot-market": (404, "This agent serves no slot market."),
    "internal": (500, "The service made a mistake; please report it."),
}


class Problem(EnergyTradingError):
    """An answer that is no success.

    Args:
        code: key of `PROBLEMS`.
        detail: what happened, in a sentence; None leaves it to the title.
        more: further fields of the answer.
    """

    def __init__(self, code: str, detail: str | None = None, **more: Any) -> None:
        super().__init__(detail or PROBLEMS[code][1])
        self.code, self.detail, self.more = code, detail, more

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code][0]

    def to_json(self) -> dict[str, Any]:
        """Return the body of the answer (RFC 9457)."""
        body: dict[str, Any] = {
            "type": f"urn:energy-trading:problem:{self.code}",
            "title": PROBLEMS[self.code][1],
            "status": self.status,
            "code": self.code,
        }
        if self.detail is not None:
            body["detail"] = self.detail
        return body | self.more


def problem_of(error: EnergyTradingError) -> Problem:
    """Return the answer to an exception of the package, by its cause."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ContractRevert):
        return Problem("contract-refused", str(error), contract_error=contract_error(error))
    if isinstance(error, RecordChanged):
        return Problem("record-changed", str(error))
    if isinstance(error, NotCarrying):
        return Problem(error.code, str(error))
    for kind, code in (
        (BadInput, "bad-input"),
        (RuleBroken, "rule-broken"),
        (Forged, "not-signed"),
        (TryAgain, "try-again"),
    ):
        if isinstance(error, kind):
            return Problem(code, str(error))
    return Problem("internal")  # its text is for the log, not for callers
