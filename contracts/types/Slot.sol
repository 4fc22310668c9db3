// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";

/// @notice A home's standing order for the pool. The account's key signs it; an account's code (ERC-1271)
/// does not count, because it can change its mind.
/// @param account Account of the home.
/// @param firstSlot First slot that it is for.
/// @param lastSlot Last slot that it is for; at most 95 slots after the first.
/// @param buyLimit Highest price at which the home buys, units of account per Wh.
/// @param sellLimit Lowest price at which the home sells, units of account per Wh.
/// @param maxSpend Most that the home pays in one slot, fee included, units of account.
/// @param nonce The highest acknowledged nonce counts.
struct Order {
    address account;
    uint256 firstSlot;
    uint256 lastSlot;
    uint256 buyLimit;
    uint256 sellLimit;
    uint256 maxSpend;
    uint256 nonce;
}

/// @notice What a home's meter measured in one slot. The meter signs it.
/// @param account Account of the home.
/// @param slot The slot.
/// @param netWh Wh fed into the grid less Wh drawn from it.
struct Reading {
    address account;
    uint256 slot;
    int256 netWh;
}

/// @notice How the pool divided one slot. The leader and its peers in the slot's cluster sign it.
/// @param slot The slot.
/// @param price Units of account per Wh.
/// @param meteredSupplyWh Σ of what the homes with an order fed in, whatever their limits; it sets the price.
/// @param meteredDemandWh Σ of what the homes with an order drew, whatever their limits; it sets the price.
/// @param supplyWh Σ of what those fed in that sell at the price.
/// @param demandWh Σ of what those drew that buy at the price, each as far as its budget goes.
/// @param orders Root of the orders that were acknowledged.
/// @param rows Root of the rows: keccak256 of the hashes of their chunks of 64.
/// @param leader Member that posts it.
struct Result {
    uint256 slot;
    uint256 price;
    uint256 meteredSupplyWh;
    uint256 meteredDemandWh;
    uint256 supplyWh;
    uint256 demandWh;
    bytes32 orders;
    bytes32 rows;
    address leader;
}

/// @notice A member's promise to a home: the order, the reading and the budget that its row will follow from.
/// A member signs one for each home and slot.
/// @param slot The slot.
/// @param account Account of the home.
/// @param order Struct hash of the home's {Order}.
/// @param reading Struct hash of the home's {Reading}.
/// @param budget Units of account that the home can pay in the slot, as the member knows its funds.
struct Ack {
    uint256 slot;
    address account;
    bytes32 order;
    bytes32 reading;
    uint256 budget;
}

/// @notice A posted slot with its signers, as disputes show it again.
/// @param result What was signed.
/// @param signers The leader, then its peers in the order of the cluster.
struct Posted {
    Result result;
    address[] signers;
}

/// @notice A posted slot as finalising shows it again: what moves money, and a hash of the rest.
/// @param slot The slot.
/// @param price Units of account per Wh.
/// @param leader Member that posted it.
/// @param rest keccak256 of the result's struct hash and the signers' hash, 32 bytes each.
struct Closing {
    uint256 slot;
    uint256 price;
    address leader;
    bytes32 rest;
}

/// @notice One row of a posted slot with what leads to the root of the rows.
/// @param chunk The rows of 64 homes (fewer in the last chunk), two bytes each.
/// @param hashes keccak256 of every chunk of the slot.
struct RowProof {
    bytes chunk;
    bytes32[] hashes;
}

/// @notice The order and the reading behind a row.
/// @param order The home's order.
/// @param orderSignature The account's signature of it, 65 or 64 bytes.
/// @param reading The home's reading.
/// @param meter ERC-7913 signer of the home's meter.
/// @param readingSignature The meter's signature of the reading.
struct Evidence {
    Order order;
    bytes orderSignature;
    Reading reading;
    bytes meter;
    bytes readingSignature;
}

/// @notice Current state of a slot.
enum SlotState {
    None, // it can still be posted, or its time has not come
    Posted, // temporary: it can be disputed
    Void, // a dispute was won: the slot is empty
    Empty, // nobody posted it in time
    Final // permanent: the money has moved, or the slot was empty
}

/// @notice How the price of a slot is made.
enum Pricing {
    MidRate, // half-way between the two tariffs
    SupplyDemandRatio // between the tariffs by how much of the demand is covered
}

/// @notice Everything about a home, in a form for people.
/// @param account Its account.
/// @param balance Units of account locked in the market.
/// @param exitAmount Units of account that it asked to withdraw.
/// @param exitSlot Slot in which it asked.
/// @param cap Units of account that it pays in one slot at most, from `capSince` on.
/// @param capBefore The cap of the slots before `capSince`.
/// @param capSince First slot of the cap.
/// @param frozenFrom First slot in which it has no row.
/// @param frozenTo First slot after those in which it has no row; 2**32 - 1: no end is known.
/// @param meter keccak256 of its meter's ERC-7913 signer.
struct HomeView {
    address account;
    uint256 balance;
    uint256 exitAmount;
    uint256 exitSlot;
    uint256 cap;
    uint256 capBefore;
    uint256 capSince;
    uint256 frozenFrom;
    uint256 frozenTo;
    bytes32 meter;
}

/// @notice What a dispute about one row of a posted slot goes by: everything as it was for the slot.
/// @param account Account of the home.
/// @param windowEnd Unix seconds at which the window of the slot ends.
/// @param cap Units of account that the home could pay in the slot at most.
/// @param frozen Whether the home was to have no row.
/// @param meter keccak256 of the ERC-7913 signer that measured the home.
/// @param minNonce Least nonce of an order that counted.
/// @param fee Units of account that each buying home pays.
struct Facts {
    address account;
    uint256 windowEnd;
    uint256 cap;
    bool frozen;
    bytes32 meter;
    uint256 minNonce;
    uint256 fee;
}

/// @notice Why a slot is void.
enum Fault {
    None,
    Unanswered, // nobody showed order and reading of a row in time
    Misfill, // the row is not what a signer has acknowledged
    Overspend, // the home pays more than its cap, or is frozen
    Overdraft, // the home pays more than it has
    WrongSum, // private form: the money is not what leads to it, in a slot or for a day
    WrongTree // private form: the tree says something else above than below
}

/// @dev One posted slot in the ring. From the low bits:
///
///     0      32         72        88     96     256
///     | slot | postedAt | demands | void | hash |
///     | 32   | 40       | 16      | 8    | 160  |
///
/// `hash` is the lower part of the hash of result and signers. Two results with one hash take 2**80 tries of
/// somebody who makes both, which is far more than a slot is worth.
type SlotRecord is uint256;

using SlotRecordLib for SlotRecord global;

/// @notice Makes and reads the records of the ring.
library SlotRecordLib {
    uint256 private constant VOID = 1 << 88;

    /// @notice A new record.
    /// @dev The caller has checked slot < 2**32; the time is below 2**40 until the year 36,812.
    function make(uint256 slotNumber, uint256 time, bytes32 postedHash) internal pure returns (SlotRecord) {
        return SlotRecord.wrap(slotNumber | (time << 32) | (uint256(postedHash) << 96));
    }

    /// @notice The slot.
    function slot(SlotRecord self) internal pure returns (uint256) {
        return uint32(SlotRecord.unwrap(self));
    }

    /// @notice Unix seconds at which it was posted.
    function postedAt(SlotRecord self) internal pure returns (uint256) {
        return uint40(SlotRecord.unwrap(self) >> 32);
    }

    /// @notice How many demands are not answered yet.
    function demands(SlotRecord self) internal pure returns (uint256) {
        return uint16(SlotRecord.unwrap(self) >> 72);
    }

    /// @notice Whether a dispute was won.
    function isVoid(SlotRecord self) internal pure returns (bool) {
        return SlotRecord.unwrap(self) & VOID != 0;
    }

    /// @notice Whether it is the record of a slot that is not void.
    function isLive(SlotRecord self, uint256 slotNumber) internal pure returns (bool) {
        return SlotRecord.unwrap(self) != 0 && slot(self) == slotNumber && !isVoid(self);
    }

    /// @notice Whether result and signers are those that were posted.
    function fits(SlotRecord self, bytes32 postedHash) internal pure returns (bool) {
        return SlotRecord.unwrap(self) >> 96 == uint160(uint256(postedHash));
    }

    /// @notice The record with one demand more.
    /// @dev A home is demanded once for each slot and there are at most 4,096 homes: no carry.
    function withDemand(SlotRecord self) internal pure returns (SlotRecord) {
        unchecked {
            return SlotRecord.wrap(SlotRecord.unwrap(self) + (1 << 72));
        }
    }

    /// @notice The record with one demand fewer.
    /// @dev The caller has one that is open.
    function withAnswer(SlotRecord self) internal pure returns (SlotRecord) {
        unchecked {
            return SlotRecord.wrap(SlotRecord.unwrap(self) - (1 << 72));
        }
    }

    /// @notice The record of a slot that is empty after all.
    function voided(SlotRecord self) internal pure returns (SlotRecord) {
        return SlotRecord.wrap(SlotRecord.unwrap(self) | VOID);
    }
}

/// @dev A demand for order and reading of a row. From the low bits:
///
///     0            160        200      201    202
///     | challenger | deadline | bonded | open |
///     | 160        | 40       | 1      | 1    |
type SlotDemand is uint256;

using SlotDemandLib for SlotDemand global;

/// @notice Makes and reads demands.
library SlotDemandLib {
    uint256 private constant BONDED = 1 << 200;
    uint256 private constant OPEN = 1 << 201;

    /// @notice A demand that is open.
    /// @dev The deadline is below 2**40 until the year 36,812.
    /// @param account Who demands.
    /// @param end Unix seconds at which the time to answer ends.
    /// @param bonded Whether the account has paid a bond.
    function make(address account, uint256 end, bool bonded) internal pure returns (SlotDemand) {
        return SlotDemand.wrap(uint160(account) | (end << 160) | (bonded ? BONDED | OPEN : OPEN));
    }

    /// @notice Who demands.
    function challenger(SlotDemand self) internal pure returns (address) {
        return address(uint160(SlotDemand.unwrap(self)));
    }

    /// @notice Unix seconds at which the time to answer ends.
    function deadline(SlotDemand self) internal pure returns (uint256) {
        return uint40(SlotDemand.unwrap(self) >> 160);
    }

    /// @notice Whether a bond was paid.
    function isBonded(SlotDemand self) internal pure returns (bool) {
        return SlotDemand.unwrap(self) & BONDED != 0;
    }

    /// @notice Whether it was neither answered nor ended.
    function isOpen(SlotDemand self) internal pure returns (bool) {
        return SlotDemand.unwrap(self) & OPEN != 0;
    }

    /// @notice The demand when it has ended.
    function ended(SlotDemand self) internal pure returns (SlotDemand) {
        return SlotDemand.wrap(SlotDemand.unwrap(self) & ~OPEN);
    }
}

/// @notice What is signed for the slot market (EIP-712 struct hashes).
library SlotHash {
    bytes32 private constant NAME_HASH = keccak256("SlotMarket");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(address account,uint256 firstSlot,uint256 lastSlot,uint256 buyLimit,uint256 sellLimit,"
        "uint256 maxSpend,uint256 nonce)"
    );
    bytes32 private constant READING_TYPEHASH = keccak256(
        "Reading(address account,uint256 slot,int256 netWh)"
    );
    bytes32 private constant RESULT_TYPEHASH = keccak256(
        "Result(uint256 slot,uint256 price,uint256 meteredSupplyWh,uint256 meteredDemandWh,uint256 supplyWh,"
        "uint256 demandWh,bytes32 orders,bytes32 rows,address leader)"
    );
    bytes32 private constant ACK_TYPEHASH = keccak256(
        "Ack(uint256 slot,address account,bytes32 order,bytes32 reading,uint256 budget)"
    );

    /// @notice Struct hash of an order.
    function order(Order calldata o) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_TYPEHASH, o));
    }

    /// @notice Struct hash of a reading.
    function reading(Reading calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(READING_TYPEHASH, r));
    }

    /// @notice Struct hash of a result.
    function result(Result calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(RESULT_TYPEHASH, r));
    }

    /// @notice Struct hash of an acknowledgement.
    function ack(Ack calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACK_TYPEHASH, a));
    }

    /// @notice Digest of a struct in the domain of the market, for contracts other than the market.
    /// @param market The slot market.
    /// @param structHash One of the hashes above.
    function digest(address market, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, market)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice Result and signers of a posted slot in one hash.
    /// @param resultHash Struct hash of the result.
    /// @param signers Hash of the signers, see {IVerifierCouncil.verify}.
    function posted(bytes32 resultHash, bytes32 signers) internal pure returns (bytes32) {
        return EfficientHashLib.hash(resultHash, signers);
    }

    /// @notice What the ring remembers of a posted slot. With the result's hash in it, it says nothing new,
    /// but so the rows can be paid without the result.
    /// @param slot The slot.
    /// @param price Units of account per Wh.
    /// @param leader Member that posted it.
    /// @param rows Root of the rows.
    /// @param rest Hash of result and signers: {posted}.
    function remembered(
        uint256 slot,
        uint256 price,
        address leader,
        bytes32 rows,
        bytes32 rest
    ) internal pure returns (bytes32) {
        return
            EfficientHashLib.hash(
                bytes32(slot),
                bytes32(price),
                bytes32(uint256(uint160(leader))),
                rows,
                rest
            );
    }
}
