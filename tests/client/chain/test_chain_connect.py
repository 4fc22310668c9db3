"""Sending, calling and failing alike: on the chain in this process and on Anvil."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.exceptions import TransactionNotFound

from energy_trading.chain.artifacts import Artifact, load_from
from energy_trading.chain.compile import TEST_CONTRACTS, compile_profile
from energy_trading.chain.connect import Chain, NodeError, RevertData, WrongChain, connect
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput
from tests import nodes
from tests.world import GENESIS

KEY = SecretKey.from_int(7)
STRANGER = SecretKey.from_int(2**200 + 1)


def call_data(signature: str, *arguments: int) -> bytes:
    return keccak(text=signature)[:4] + encode(["uint256"] * len(arguments), arguments)


MOVE_1 = call_data("move(uint256)", 1)
MOVE_11 = call_data("move(uint256)", 11)
COUNT = call_data("count()")
TOO_FAR = call_data("Counter_TooFar(uint256,uint256)", 11, 10)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """The test contract with one rule."""
    compile_profile(TEST_CONTRACTS)
    return load_from(TEST_CONTRACTS.output, "Counter")


@pytest.fixture(scope="module")
def anvil_url() -> Iterator[str]:
    """The address of an Anvil of our own."""
    with nodes.anvil("--hardfork", "prague") as url:
        yield url


@pytest.fixture(scope="module")
def anvil(anvil_url: str) -> Chain:
    """A chain behind an RPC address."""
    return connect(anvil_url)


@pytest.fixture(scope="module")
def tester() -> Chain:
    """A chain in this process."""
    return in_process(genesis_time=GENESIS)


@pytest.fixture(params=["tester", "anvil"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """Each kind of chain, with KEY funded, as it was before afterwards."""
    chain: Chain = request.getfixturevalue(request.param)
    before = chain.snapshot()
    chain.send(KEY.address, b"", chain.accounts[0], value=10**18)
    yield chain
    chain.revert(before)


@pytest.fixture
def counter(chain: Chain, artifact: Artifact) -> str:
    """The address of a fresh counter."""
    return chain.deploy(artifact.bytecode, KEY)[0]


def test_send_by_key_and_by_account(chain: Chain, counter: str) -> None:
    """A key signs here, an address signs at the node; value goes along."""
    by_key = chain.send(counter, MOVE_1, KEY, value=5)
    by_account = chain.send(counter, MOVE_1, chain.accounts[0])
    assert (by_key["from"], by_account["from"]) == (KEY.address, chain.accounts[0])
    assert by_account["blockNumber"] == by_key["blockNumber"] + 1
    assert chain.call(counter, COUNT) == encode(["uint256"], [2])
    assert chain.call(counter, COUNT, block=by_key["blockNumber"]) == encode(["uint256"], [1])
    assert chain.web3.eth.get_balance(chain.web3.to_checksum_address(counter)) == 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (MOVE_11, TOO_FAR),
        (call_data("complain()"), keccak(text="Error(string)")[:4] + encode(["string"], ["no"])),
        (call_data("divide(uint256)", 0), call_data("Panic(uint256)", 0x12)),
        (call_data("vanish()"), b""),
    ],
    ids=["custom error", "reason string", "panic", "no data"],
)
def test_revert_carries_whole_data(chain: Chain, counter: str, data: bytes, expected: bytes) -> None:
    """A revert's bytes arrive whole, by call and by transaction, whatever kind they are."""
    with pytest.raises(RevertData) as called:
        chain.call(counter, data)
    with pytest.raises(RevertData) as sent:
        chain.send(counter, data, KEY)
    assert (called.value.data, sent.value.data) == (expected, expected)


def test_failing_transaction_is_not_mined(chain: Chain, counter: str) -> None:
    """What would revert is not sent, so the sender's next transaction has the right nonce."""
    before = chain.web3.eth.block_number
    for sender in (KEY, chain.accounts[0]):
        with pytest.raises(RevertData):
            chain.send(counter, MOVE_11, sender)
    assert chain.web3.eth.block_number == before
    chain.send(counter, MOVE_1, KEY)
    assert chain.call(counter, COUNT) == encode(["uint256"], [1])


def test_revert_given_failing_constructor(chain: Chain) -> None:
    """A constructor's revert is told like any other."""
    with pytest.raises(RevertData) as caught:
        chain.deploy(bytes.fromhex("60016000fd"), KEY)  # returns one byte of memory as revert data
    assert caught.value.data == b"\0"


def test_revert_given_unfunded_sender(chain: Chain, counter: str) -> None:
    """Who cannot pay is refused by the node, not by the contract; the next sender is not disturbed."""
    with pytest.raises(NodeError):
        chain.send(counter, MOVE_1, STRANGER)
    with pytest.raises(NodeError):
        chain.call(counter, MOVE_1, STRANGER, value=1)
    assert chain.call(counter, COUNT, STRANGER) == encode(["uint256"], [0])


def test_snapshot_restores_state_time_and_nonces(chain: Chain, counter: str) -> None:
    """After a revert nothing of what came later is left, and a snapshot serves once."""
    snapshot, time_then = chain.snapshot(), chain.now()
    gone = chain.send(counter, MOVE_1, KEY)["transactionHash"]
    chain.travel(1_000)
    chain.revert(snapshot)
    assert (chain.call(counter, COUNT), chain.now()) == (encode(["uint256"], [0]), time_then)
    with pytest.raises(TransactionNotFound):
        chain.web3.eth.get_transaction_receipt(gone)
    chain.send(counter, call_data("move(uint256)", 2), KEY)
    assert chain.call(counter, COUNT) == encode(["uint256"], [2])
    with pytest.raises(BadInput, match=r"^snapshot .* does not exist or has been used already$"):
        chain.revert(snapshot)


def test_time_moves_as_told(chain: Chain, counter: str) -> None:
    """Intervals are half open, so a test must be able to hit the exact second."""
    start = chain.now()
    chain.travel(3_600)
    assert chain.now() == start + 3_600
    chain.mine(start + 4_000)
    assert chain.now() == start + 4_000
    chain.set_next_time(start + 5_000)
    block = chain.send(counter, MOVE_1, KEY)["blockNumber"]
    assert chain.web3.eth.get_block(block)["timestamp"] == start + 5_000
    with pytest.raises(BadInput, match=r"^seconds must be 1 or more, not 0"):
        chain.travel(0)


def test_logs_are_read_by_contract_and_block(chain: Chain, counter: str, artifact: Artifact) -> None:
    """Events come oldest first, of the contracts asked for only."""
    other = chain.deploy(artifact.bytecode, KEY)[0]
    blocks = [chain.send(to, MOVE_1, KEY)["blockNumber"] for to in (counter, other, counter)]
    topic = keccak(text="CounterMoved(address,uint256)")
    found = chain.logs(counter)
    assert [(log["blockNumber"], log["topics"][0], log["data"]) for log in found] == [
        (blocks[0], topic, encode(["uint256"], [1])),
        (blocks[2], topic, encode(["uint256"], [2])),
    ]
    assert [log["address"] for log in chain.logs([counter, other])] == [counter, other, counter]
    assert [log["blockNumber"] for log in chain.logs(counter, from_block=blocks[1])] == [blocks[2]]


def test_gas_is_the_same_on_both(tester: Chain, anvil: Chain, artifact: Artifact) -> None:
    """Gas is exact: the two kinds of node agree to the unit."""
    used = []
    for chain in (tester, anvil):
        address, receipt = chain.deploy(artifact.bytecode, chain.accounts[0])
        moved = chain.send(address, MOVE_1, chain.accounts[0])
        used.append((receipt["gasUsed"], moved["gasUsed"]))
    assert used[0] == used[1]


def test_mined_failure_is_explained(anvil: Chain, artifact: Artifact) -> None:
    """With a gas limit given, a public node mines the failure: the reason is asked for afterwards."""
    address = anvil.deploy(artifact.bytecode, anvil.accounts[0])[0]
    before = anvil.web3.eth.block_number
    with pytest.raises(RevertData) as caught:
        anvil.send(address, MOVE_11, anvil.accounts[0], gas=100_000)
    assert (caught.value.data, anvil.web3.eth.block_number) == (TOO_FAR, before + 1)


def test_revert_given_wrong_chain(anvil: Chain, anvil_url: str) -> None:
    """Nothing is sent to a chain that was not asked for."""
    assert connect(anvil_url, anvil.chain_id).chain_id == 31337
    with pytest.raises(WrongChain, match=rf"^the node at {anvil_url} serves chain 31337, not chain 1$"):
        connect(anvil_url, 1)


def test_address_of_a_node_stays_secret() -> None:
    """An RPC address may hold a key: no error text or cause repeats it."""
    with pytest.raises(NodeError) as caught:
        connect("http://a-secret:another@127.0.0.1:1/v3/a-secret")
    assert str(caught.value) == "no node answers at http://127.0.0.1:1"
    assert caught.value.__suppress_context__
    with pytest.raises(
        BadInput, match=r"^the node's URL must start with http:// or https://, unlike ftp://host$"
    ):
        connect("ftp://host/a-secret")


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"<html>", b'{"message": "no credits"}', b'{"jsonrpc": "2.0"}']
)
def test_answer_that_is_no_nodes_is_told(body: bytes) -> None:
    """A web page, or JSON that is not JSON-RPC, is no node's answer: said without the address's path."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(
            NodeError,
            match=r"^(no node answers at http://127\.0\.0\.1:[0-9]+"
            r"|what answers at http://127\.0\.0\.1:[0-9]+ is not a node)$",
        ):
            connect(f"http://127.0.0.1:{server.server_port}/a-secret")
        server.shutdown()


def test_block_is_its_number_and_hash(chain: Chain) -> None:
    """The latest, one by number, and none where the chain does not reach."""
    chain.mine()
    number = chain.height()
    assert chain.block() == chain.block(number) == (number, bytes(chain.web3.eth.get_block(number)["hash"]))
    assert chain.block("earliest") == chain.block(0) != chain.block()
    assert chain.block(number + 1) is None


def test_equal_calls_make_equal_chains(artifact: Artifact) -> None:
    """A run in process repeats to the block hash, at any date, whatever the wall clock says."""
    hashes = []
    for _ in range(2):
        chain = in_process(accounts=[KEY], genesis_time=GENESIS)
        address = chain.deploy(artifact.bytecode, KEY)[0]
        chain.travel(86_400)
        chain.send(address, MOVE_1, KEY)
        hashes.append(chain.web3.eth.get_block("latest")["hash"])
        assert chain.now() == GENESIS + 1 + 86_400 + 1
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("fork", ["shanghai", "cancun", "prague"])
def test_one_bytecode_runs_on_every_fork(fork: str, artifact: Artifact) -> None:
    """Contracts are compiled for Shanghai, so that each later fork runs them too."""
    chain = in_process(fork, accounts=1)  # type: ignore[arg-type]
    address = chain.deploy(artifact.bytecode, chain.accounts[0])[0]
    assert chain.call(address, COUNT) == encode(["uint256"], [0])


def test_revert_given_unknown_fork_or_no_account() -> None:
    """Wrong arguments are named with what is allowed."""
    with pytest.raises(BadInput, match=r"^there is no fork 'osaka'; use one of shanghai, cancun, prague$"):
        in_process("osaka")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"^a chain in this process needs at least one account$"):
        in_process(accounts=0)


def test_revert_given_account_without_key(tester: Chain) -> None:
    """In process, an address signs only where its key is known."""
    with pytest.raises(NodeError) as caught:
        tester.send(KEY.address, b"", STRANGER.address)
    assert str(caught.value) == (
        f"the chain has no key of the sender {STRANGER.address}; use a key or one of chain.accounts"
    )
