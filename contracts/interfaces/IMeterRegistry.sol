// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Meter registry
/// @notice Who may sign receipts: one meter per account, and roots of one-time receipt keys by epoch.
/// @dev The owner is the registrar: the DSO, later a verifier council. It can name meters and roots, and nothing
/// else; a meter named in an acceptance stays the trade's meter whatever happens here afterwards.
/// @custom:paper N-3, N-6
interface IMeterRegistry {
    /// @notice `account` has this meter from now on.
    /// @param signer ERC-7913 signer.
    event MeterRegistered(address indexed account, bytes signer);

    /// @notice `account` has no meter any more.
    event MeterRemoved(address indexed account);

    /// @notice The one-time keys under `root` can be named during `epoch`.
    /// @param evidenceHash keccak256 of the published file from which anyone re-checks the CoE signatures.
    event KeyRootPublished(uint256 indexed epoch, bytes32 root, bytes32 evidenceHash);

    /// @notice No key of this epoch can be named any more.
    event KeyRootRevoked(uint256 indexed epoch);

    /// @notice A signer must be an address (20 bytes) or a verifier's address and a key (more than 20 bytes).
    error MeterRegistry_BadSigner(bytes signer);

    /// @notice `account` has no meter to remove.
    error MeterRegistry_NoMeter(address account);

    /// @notice A root is published once per epoch; revoke it to stop it.
    error MeterRegistry_RootExists(uint256 epoch, bytes32 root);

    /// @notice There is no root to revoke.
    error MeterRegistry_NoRoot(uint256 epoch);

    /// @notice The epoch is over.
    error MeterRegistry_EpochOver(uint256 epoch, uint256 currentEpoch);

    /// @notice A root cannot be zero.
    error MeterRegistry_ZeroRoot();

    /// @notice Names `account`'s meter, in place of an earlier one.
    /// @dev Owner only. Emits {MeterRegistered}. Reverts: {MeterRegistry_BadSigner}.
    /// @custom:paper N-3
    /// @param account Account whose deliveries the meter will prove.
    /// @param signer ERC-7913 signer.
    function registerMeter(address account, bytes calldata signer) external;

    /// @notice Takes `account`'s meter away; trades that named it keep it.
    /// @dev Owner only. Emits {MeterRemoved}. Reverts: {MeterRegistry_NoMeter}.
    /// @param account Account that has a meter.
    function removeMeter(address account) external;

    /// @notice Admits the one-time keys of an epoch.
    /// @dev Owner only. Emits {KeyRootPublished}. Reverts: {MeterRegistry_ZeroRoot}, {MeterRegistry_RootExists},
    /// {MeterRegistry_EpochOver}.
    /// @custom:paper N-6
    /// @param epoch Number of the epoch, block.timestamp / EPOCH_SECONDS; this one or a later one.
    /// @param root Merkle root over keccak256(keccak256(signer)) of all meters' keys, in the order of the leaves.
    /// @param evidenceHash keccak256 of the published evidence.
    function publishKeyRoot(uint256 epoch, bytes32 root, bytes32 evidenceHash) external;

    /// @notice Stops an epoch's keys from being named.
    /// @dev Owner only. Emits {KeyRootRevoked}. Reverts: {MeterRegistry_NoRoot}.
    /// @param epoch Epoch that has a root.
    function revokeKeyRoot(uint256 epoch) external;

    /// @notice keccak256 of the meter's ERC-7913 signer, zero if the account has none.
    function meterOf(address account) external view returns (bytes32 signerHash);

    /// @notice The root whose keys can be named now; zero if the epoch is over, not begun, or has none.
    function currentKeyRoot(uint256 epoch) external view returns (bytes32 root);

    /// @notice Length of an epoch in seconds.
    function EPOCH_SECONDS() external view returns (uint256);
}
