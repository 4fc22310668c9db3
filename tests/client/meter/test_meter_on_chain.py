"""What the meters make, judged by the libraries that the contracts are built on (N-3, N-6)."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from energy_trading.chain.artifacts import load_from
from energy_trading.chain.compile import ROOT, Profile, compile_profile
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.merkle import MerkleTree, signer_leaf
from energy_trading.meter.signers import P256Meter, Secp256k1Meter

JUDGE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {MerkleProofLib} from "solady/src/utils/MerkleProofLib.sol";

contract Judge {
    function proven(bytes32[] calldata proof, bytes32 root, bytes calldata signer)
        external
        pure
        returns (bool solady, bool openZeppelin)
    {
        bytes32 leaf = keccak256(abi.encode(keccak256(signer)));
        solady = MerkleProofLib.verifyCalldata(proof, root, leaf);
        openZeppelin = MerkleProof.verifyCalldata(proof, root, leaf);
    }

    function recovered(bytes32 digest, bytes calldata signature) external view returns (address) {
        return ECDSA.tryRecoverCalldata(digest, signature);
    }

    function signed(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) external view returns (bool) {
        return P256.verifySolidity(digest, r, s, x, y);
    }
}
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory):
    """Deploy the judge on an in-process chain and call it by signature."""
    folder = tmp_path_factory.mktemp("judge")
    (folder / "contracts").mkdir()
    (folder / "contracts" / "Judge.sol").write_text(JUDGE)
    compile_profile(
        Profile(folder / "contracts", folder / "out", root=folder, cache=ROOT / ".cache" / "solc"),
        lambda _: None,
    )
    artifact = load_from(Path(folder / "out"), "Judge")
    chain = in_process(accounts=1)
    address, _ = chain.deploy(artifact.bytecode, chain.accounts[0])

    def call(function: str, inputs: list[str], outputs: list[str], *values: object) -> tuple:
        selector = keccak(text=f"{function}({','.join(inputs)})")[:4]
        return decode(outputs, chain.call(address, selector + encode(inputs, values)))

    return call


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_chain_accepts_the_proofs(ask, count: int):
    """N-6: Solady's and OpenZeppelin's verifiers accept every proof, also of trees that are not full."""
    signers = [keccak(bytes([i]))[: 20 if i % 2 else 32] for i in range(count)]
    tree = MerkleTree([signer_leaf(signer) for signer in signers])
    types = ["bytes32[]", "bytes32", "bytes"]
    for place, signer in enumerate(signers):
        proof = tree.proof(place)
        assert ask("proven", types, ["bool", "bool"], proof, tree.root, signer) == (True, True)
        assert ask("proven", types, ["bool", "bool"], proof, tree.root, signer[:-1]) == (False, False)


def test_chain_recovers_compact_signatures(ask):
    """N-3: Solady recovers the meter's address from 64 bytes, for both parities."""
    key = SecretKey.from_int(7)
    parities = set()
    for number in range(8):
        digest = keccak(bytes([number]))
        signature = Secp256k1Meter(key).sign(digest)
        parities.add(signature[32] >> 7)
        assert ask("recovered", ["bytes32", "bytes"], ["address"], digest, signature) == (
            key.address.lower(),
        )
    assert parities == {0, 1}


def test_chain_accepts_p256_signatures(ask):
    """N-3: OpenZeppelin's P-256 accepts the meter's r ‖ s under its x and y, and no other digest."""
    meter = P256Meter(ec.derive_private_key(5, ec.SECP256R1()), "0x" + "7a" * 20)
    x, y = meter.signer[20:52], meter.signer[52:]
    for number in range(3):
        digest, other = keccak(bytes([number])), keccak(bytes([number, 0]))
        r, s = meter.sign(digest)[:32], meter.sign(digest)[32:]
        assert ask("signed", ["bytes32"] * 5, ["bool"], digest, r, s, x, y) == (True,)
        assert ask("signed", ["bytes32"] * 5, ["bool"], other, r, s, x, y) == (False,)
