// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// prettier-ignore
import {
    ERC7913P256Verifier
} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913P256Verifier.sol";

/// @title ERC-7913 verifier for P-256 meters (DLMS suite 1)
/// @notice Checks P-256 signatures with the precompile at 0x100 where the chain has it, and in Solidity
/// elsewhere.
/// @custom:paper N-3
contract P256Verifier is ERC7913P256Verifier {}
