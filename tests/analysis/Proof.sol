// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The cheat codes that the proofs use.
interface ProofVm {
    function assume(bool condition) external pure;
    function envBytes(string calldata name) external view returns (bytes memory);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function prank(address sender) external;
    function setArbitraryStorage(address target) external;
    function warp(uint256 timestamp) external;
}

/// @notice Deploys the bytecode of the artifacts, which `make analyze` hands over in environment variables.
abstract contract Proof {
    ProofVm internal constant VM = ProofVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant E9 = 1e9;

    function _create(string memory name, bytes memory arguments) internal returns (address made) {
        bytes memory code = bytes.concat(VM.envBytes(name), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), name);
    }
}
