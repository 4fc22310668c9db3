// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {Range} from "./libraries/Range.sol";

/// @title Meter registry
/// @notice Specified in {IMeterRegistry}.
/// @dev A part of {EnergyLedger}, so that an acceptance reads the buyer's meter without a second call.
abstract contract MeterRegistry is IMeterRegistry, Ownable2Step {
    /// @inheritdoc IMeterRegistry
    uint256 public immutable EPOCH_SECONDS;

    /// @inheritdoc IMeterRegistry
    mapping(address account => bytes32 signerHash) public meterOf;

    /// @dev An epoch has one root at a time: only a revoked root gives way to a new one.
    mapping(uint256 epoch => bytes32 root) private _keyRoot;

    /// @dev Reverts: {Range_Outside}.
    /// @param epochSeconds Length of an epoch in seconds, one hour to a year.
    constructor(uint256 epochSeconds) {
        EPOCH_SECONDS = Range.check("epochSeconds", epochSeconds, 1 hours, 366 days);
    }

    /// @inheritdoc IMeterRegistry
    function registerMeter(address account, bytes calldata signer) external onlyOwner {
        if (signer.length < 20 || bytes20(signer) == 0) {
            revert MeterRegistry_BadSigner(signer);
        }
        meterOf[account] = keccak256(signer);
        emit MeterRegistered(account, signer);
    }

    /// @inheritdoc IMeterRegistry
    function removeMeter(address account) external onlyOwner {
        if (meterOf[account] == 0) {
            revert MeterRegistry_NoMeter(account);
        }
        delete meterOf[account];
        emit MeterRemoved(account);
    }

    /// @inheritdoc IMeterRegistry
    function publishKeyRoot(uint256 epoch, bytes32 root, bytes32 evidenceHash) external onlyOwner {
        if (root == 0) {
            revert MeterRegistry_ZeroRoot();
        }
        if (_keyRoot[epoch] != 0) {
            revert MeterRegistry_RootExists(epoch, _keyRoot[epoch]);
        }
        uint256 current = block.timestamp / EPOCH_SECONDS;
        if (epoch < current) {
            revert MeterRegistry_EpochOver(epoch, current);
        }
        _keyRoot[epoch] = root;
        emit KeyRootPublished(epoch, root, evidenceHash);
    }

    /// @inheritdoc IMeterRegistry
    function revokeKeyRoot(uint256 epoch) external onlyOwner {
        if (_keyRoot[epoch] == 0) {
            revert MeterRegistry_NoRoot(epoch);
        }
        delete _keyRoot[epoch];
        emit KeyRootRevoked(epoch);
    }

    /// @inheritdoc IMeterRegistry
    function currentKeyRoot(uint256 epoch) external view returns (bytes32 root) {
        // slither-disable-next-line incorrect-equality -- an epoch is the whole interval with this number
        return block.timestamp / EPOCH_SECONDS == epoch ? _keyRoot[epoch] : bytes32(0);
    }
}
