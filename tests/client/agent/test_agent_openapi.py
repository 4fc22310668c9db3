"""The description of the service: complete, with examples, and what it says is what it does."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from energy_trading.agent.api import make_app
from energy_trading.agent.client import AgentRefused
from energy_trading.agent.schemas import components, examples
from energy_trading.agent.service import Service
from tests.client.agent_town import Town, client_of, settle

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: it has no end, so a random caller would wait for one; test_agent_api.py listens to it
ENDLESS = {"/v1/stream"}


def test_every_operation_is_described(service: Service) -> None:
    """Each has a summary, a description, what it answers, and an example of what it takes."""
    described = make_app(service).openapi()
    assert len(described["paths"]) > 25
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
            for status, answer in operation["responses"].items():
                assert answer["description"], (method, path, status)
            if method == "post":
                (content,) = operation["requestBody"]["content"].values()
                assert content["example"] is not None, path


def test_examples_fit_their_schemas() -> None:
    """An example that its schema refuses would mislead."""
    everything = {"components": {"schemas": components()}}
    for name, example in examples().items():
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", **everything}).validate(example)


def test_examples_are_refused_for_their_signature_or_time(town: Town, service: Service) -> None:
    """They can be read: what is wrong with them is that nobody signed them for this market."""
    shown = examples()
    with client_of(service) as client:
        for path, name in (("offers", "SignedOffer"), ("requests", "Bid"), ("cancellations", "Cancellation")):
            with pytest.raises(AgentRefused) as refused:
                client._call("POST", f"/v1/{path}", shown[name])
            assert refused.value.code in ("not-signed", "wrong-market", "bad-input")


def test_random_calls(town: Town, service: Service) -> None:
    """Random calls of every operation get the statuses, types and shapes that are described, and no 500."""
    with client_of(service) as client:
        offer = town.offer()
        client.share(offer)
        client.submit(town.purchase(offer))
        settle(service, town)
    app = make_app(service)
    schema: Any = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
    called = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in ENDLESS:
            continue

        @settings(
            max_examples=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            answer = case.call()
            called.add((case.method, case.path))
            case.validate_response(answer, checks=CHECKS)

        call()
    assert len(called) >= 25
