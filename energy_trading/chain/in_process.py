"""Starts a chain inside this process. The chain itself is in `tester`, which takes a second to import."""

from __future__ import annotations

import time
from collections.abc import Sequence

from energy_trading.chain.connect import Chain, Fork
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput


def in_process(
    fork: Fork = "prague",
    accounts: int | Sequence[SecretKey] = 10,
    genesis_time: int | None = None,
) -> Chain:
    """Start a chain inside this process: eth-tester over py-evm, with one block for each transaction.

    Args:
        fork: the hard fork whose rules the chain follows.
        accounts: keys whose accounts start with a million coins each, or how many of the well-known keys
            1, 2, 3 … to use.
        genesis_time: unix time of block 0; None is the present. Afterwards the clock advances by one second
            per block and by nothing else, so equal calls make equal chains.

    Returns:
        The chain; the addresses in its ``accounts`` can be used as senders.

    Raises:
        BadInput: the fork is unknown, or there is no account.
    """
    from energy_trading.chain._tester import start

    keys = [SecretKey.from_int(i + 1) for i in range(accounts)] if isinstance(accounts, int) else accounts
    if not keys:
        raise BadInput("a chain in this process needs at least one account")
    return start(fork, keys, int(time.time()) if genesis_time is None else genesis_time)


def revm(
    accounts: Sequence[SecretKey], genesis_time: int, chain_id: int = 1337, *, history: bool = True
) -> Chain:
    """Start a chain on revm inside this process: real bytecode, thousands of calls a second, no gas.

    Args:
        accounts: keys whose accounts start with a million coins each.
        genesis_time: unix time of block 0. A block is a second later than the one before unless it is given
            a time.
        chain_id: id of the chain.
        history: keep what the contracts log. Without it memory does not grow with time, and logs are in the
            receipts only.

    Raises:
        BadInput: pyrevm is not installed, or has no wheel for this version of Python.
    """
    from energy_trading.chain._revm import RevmChain

    return RevmChain(accounts, genesis_time, chain_id, history=history)
