"""The benchmark of clearing prints what it measured; how fast this machine is, is no test."""

import json

from tests.client.cli_runs import cli

WHAT = ["sort and cumsum alone", "pool, mid rate", "pool, supply-demand ratio", "double auction"]


def test_benchmark_prints_a_ratio() -> None:
    """Each way to clear has a time and its ratio to sorting and summing alone, in the same run."""
    rows = json.loads(cli("bench", "clearing", "--homes", "300", "--json").out)
    assert [row["what"] for row in rows] == WHAT
    assert [row["homes"] for row in rows] == [300] * 4
    assert rows[0]["ratio_hundredths"] == 100
    assert all(row["ratio_hundredths"] > 0 for row in rows)


def test_benchmark_prints_a_table() -> None:
    """The table has a line for each, with thousands separated."""
    done = cli("bench", "clearing", "--homes", "1000")
    assert done.status == 0
    assert all(what in done.out for what in WHAT)
    assert done.out.count("1,000") >= 4
