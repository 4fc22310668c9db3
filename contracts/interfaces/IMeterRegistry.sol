// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Meter registry
/// @notice Who may sign receipts: one meter for each account, and roots of one-time receipt keys for each
/// epoch.
/// @dev The owner is the registrar: the DSO (distribution system operator), later a verifier council. It can
/// name meters and roots, and nothing else. The meter named in an acceptance stays the trade's meter,
/// whatever happens here afterwards.
/// @custom:paper N-3, N-6
interface IMeterRegistry {
    /// @notice An account has this meter from now on.
    /// @param account The account.
    /// @param signer ERC-7913 signer.
    event MeterRegistered(address indexed account, bytes signer);

    /// @notice An account has no meter any more.
    /// @param account The account.
    event MeterRemoved(address indexed account);

    /// @notice The one-time keys under a root can be named during an epoch.
    /// @param epoch Number of the epoch.
    /// @param root Merkle root of the keys.
    /// @param evidenceHash keccak256 of the published file from which anyone can check the CoE signatures
    /// (CoE: certificate of existence) again.
    event KeyRootPublished(uint256 indexed epoch, bytes32 root, bytes32 evidenceHash);

    /// @notice No key of this epoch can be named any more.
    /// @param epoch Number of the epoch.
    event KeyRootRevoked(uint256 indexed epoch);

    /// @notice A signer must be an address (20 bytes), or the address of a verifier and a key (more than 20
    /// bytes).
    error MeterRegistry_BadSigner(bytes signer);

    /// @notice The account has no meter to remove.
    error MeterRegistry_NoMeter(address account);

    /// @notice The epoch has a root already, which must be revoked before another is published.
    error MeterRegistry_RootExists(uint256 epoch, bytes32 root);

    /// @notice The epoch has no root to revoke.
    error MeterRegistry_NoRoot(uint256 epoch);

    /// @notice The epoch is over.
    error MeterRegistry_EpochOver(uint256 epoch, uint256 currentEpoch);

    /// @notice A root must not be zero.
    error MeterRegistry_ZeroRoot();

    /// @notice Names an account's meter, in place of an earlier one. Only the DSO may call it.
    /// @dev Emits {MeterRegistered}. Reverts: {MeterRegistry_BadSigner}, and unless the caller is the owner.
    /// @custom:paper N-3
    /// @param account Account whose deliveries the meter will prove.
    /// @param signer ERC-7913 signer: a 20-byte address, or the address of a verifier followed by the key.
    function registerMeter(address account, bytes calldata signer) external;

    /// @notice Removes an account's meter. Trades that named it keep it. Only the DSO may call it.
    /// @dev Emits {MeterRemoved}. Reverts: {MeterRegistry_NoMeter}, and unless the caller is the owner.
    /// @custom:paper N-3
    /// @param account Account that has a meter.
    function removeMeter(address account) external;

    /// @notice Admits the one-time keys of an epoch. Only the DSO may call it.
    /// @dev Emits {KeyRootPublished}. Reverts: {MeterRegistry_ZeroRoot}, {MeterRegistry_RootExists},
    /// {MeterRegistry_EpochOver}, and unless the caller is the owner.
    /// @custom:paper N-6
    /// @param epoch Number of the epoch, block.timestamp / EPOCH_SECONDS; the current one or a later one.
    /// @param root Merkle root over keccak256(keccak256(signer)) of all meters' keys, in the order of the
    /// leaves.
    /// @param evidenceHash keccak256 of the published evidence.
    function publishKeyRoot(uint256 epoch, bytes32 root, bytes32 evidenceHash) external;

    /// @notice Stops an epoch's keys from being named. Only the DSO may call it.
    /// @dev Emits {KeyRootRevoked}. Reverts: {MeterRegistry_NoRoot}, and unless the caller is the owner.
    /// @custom:paper N-6
    /// @param epoch Number of an epoch that has a root.
    function revokeKeyRoot(uint256 epoch) external;

    /// @notice The meter of an account.
    /// @custom:paper N-3
    /// @param account Any address.
    /// @return signerHash keccak256 of the meter's ERC-7913 signer; zero if the account has none.
    function meterOf(address account) external view returns (bytes32 signerHash);

    /// @notice The root whose keys can be named now.
    /// @custom:paper N-6
    /// @param epoch Number of an epoch.
    /// @return root The epoch's root; zero if the epoch is over, has not begun, or has no root.
    function currentKeyRoot(uint256 epoch) external view returns (bytes32 root);

    /// @notice Length of an epoch.
    /// @return Seconds.
    function EPOCH_SECONDS() external view returns (uint256);
}
