// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a {HostileSigner} does when it is asked about a signature.
enum Answer {
    Right, // answers the magic value, as an honest signer that accepts everything
    Junk, // answers some other word
    Dirty, // answers the magic value with a bit set in the 28 bytes that must be zero
    Short, // answers the magic value in 4 bytes
    Huge, // answers the magic value in front of 100,000 bytes
    Nothing, // answers no bytes at all
    Revert, // reverts with the magic value
    Burn, // uses up all gas
    Write, // writes to its storage, then answers the magic value
    Reenter // calls a contract, then answers the magic value if that call succeeded, else another word
}

/// @notice A signer contract that answers ERC-1271 and ERC-7913 alike, for tests of what the market does with
/// it.
/// @dev In both standards the magic value is the selector of the question.
contract HostileSigner {
    Answer private immutable _ANSWER;
    address private immutable _TARGET;
    bytes private _data;

    /// @notice How often it was able to write.
    uint256 public writes;

    constructor(Answer answer, address target, bytes memory data) {
        _ANSWER = answer;
        _TARGET = target;
        _data = data;
    }

    /// @notice Calls `target` as this account; whoever asks.
    function act(address target, bytes calldata data) external {
        (bool ok, bytes memory answer) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        bytes32 magic = bytes32(msg.sig);
        if (_ANSWER == Answer.Junk) {
            return abi.encode(keccak256(question));
        }
        if (_ANSWER == Answer.Dirty) {
            return abi.encode(uint256(magic) | 1);
        }
        if (_ANSWER == Answer.Short) {
            return abi.encodePacked(msg.sig);
        }
        if (_ANSWER == Answer.Nothing) {
            return "";
        }
        if (_ANSWER == Answer.Huge) {
            return abi.encodePacked(magic, new bytes(100_000 - 32));
        }
        if (_ANSWER == Answer.Revert) {
            assembly ("memory-safe") {
                mstore(0x00, magic)
                revert(0x00, 0x20)
            }
        }
        if (_ANSWER == Answer.Burn) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (_ANSWER == Answer.Write) {
            ++writes;
        }
        if (_ANSWER == Answer.Reenter) {
            (bool ok, ) = _TARGET.call(_data);
            if (!ok) {
                return abi.encode(0);
            }
        }
        return abi.encode(magic);
    }
}
