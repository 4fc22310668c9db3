// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC7913P256Verifier} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913P256Verifier.sol";

/// @title ERC-7913 verifier for P-256 meters (DLMS suite 1)
/// @notice Uses the precompile at 0x100 where the chain has it, Solidity where it has not.
/// @custom:paper N-3
contract P256Verifier is ERC7913P256Verifier {}
