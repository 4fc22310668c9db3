// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISealedBidAuction} from "../../contracts/interfaces/ISealedBidAuction.sol";
import {AuctionTerms, Quote} from "../../contracts/types/Auction.sol";
import {Stage, Vm} from "./Stage.sol";

/// @notice An auction ends the same way however its quotes are cut into chunks.
/// @custom:paper X-6, X-7, X-11
contract ChunksTest is Stage {
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant KEY = 0x6e7;
    uint256 private constant START = 100;
    uint256 private constant CEILING = 105;
    uint256 private constant MOST_QUOTES = 10;

    AuctionTerms private _terms;
    bytes32 private _id;
    Quote[] private _quotes;
    /// @dev The hash chain before each quote, and after the last.
    uint256[] private _chain;

    function setUp() public {
        _open(20 * E9);
    }

    /// @notice Same awards, prices and accounts in one settlement or many; money is conserved.
    function testFuzz_settlementDoesNotDependOnChunks(uint256 seed) external {
        _post(seed);
        VM.warp(_terms.quoteUntil);
        uint256 before = VM.snapshotState();
        bytes32 whole = _settled(_quotes.length, 0);
        VM.revertToState(before);
        // At most 4 of 10 quotes in the first cut, so that there are several.
        assert(_settled(4, seed) == whole);
    }

    /// @notice The same for what bidders get of a forfeited guarantee.
    function testFuzz_compensationDoesNotDependOnChunks(uint256 seed) external {
        _post(seed);
        VM.warp(_terms.discloseUntil);
        auction.forfeit(_terms);
        uint256 before = VM.snapshotState();
        bytes32 whole = _compensated(_quotes.length, 0);
        VM.revertToState(before);
        assert(_compensated(4, seed) == whole);
        assert(ledger.accountOf(actors[0]).held == 0);
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Settles in chunks of up to `most` quotes and returns a hash of how it ended.
    function _settled(uint256 most, uint256 seed) private returns (bytes32) {
        VM.recordLogs();
        for (uint256 end = _quotes.length; end != 0;) {
            uint256 start = _cut(end, most, seed);
            auction.settle(_terms, KEY, _chain[start], _chunk(start, end));
            end = start;
        }
        (bytes32 logs, uint256 guarantees) = _awards(VM.getRecordedLogs());
        assert(ledger.accountOf(actors[0]).held == guarantees);
        assert(_inAccounts() == deposited);
        return keccak256(abi.encode(logs, _accounts()));
    }

    function _compensated(uint256 most, uint256 seed) private returns (bytes32) {
        for (uint256 end = _quotes.length; end != 0;) {
            uint256 start = _cut(end, most, seed);
            auction.compensate(_terms, _chain[start], _chunk(start, end));
            end = start;
        }
        assert(_inAccounts() == deposited);
        return _accounts();
    }

    /// @dev Where the chunk begins that ends before `end`.
    function _cut(uint256 end, uint256 most, uint256 seed) private pure returns (uint256) {
        uint256 length = seed == 0 ? most : 1 + (uint256(keccak256(abi.encode(seed, end))) % most);
        return length < end ? end - length : 0;
    }

    function _chunk(uint256 start, uint256 end) private view returns (Quote[] memory chunk) {
        chunk = new Quote[](end - start);
        for (uint256 i = start; i < end; ++i) {
            chunk[i - start] = _quotes[i];
        }
    }

    /// @dev Hash of everything that was logged but how far a chunk got, and the guarantees of the awards.
    function _awards(Vm.Log[] memory logs) private view returns (bytes32 hash, uint256 guarantees) {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == ISealedBidAuction.SettlementAdvanced.selector) {
                continue;
            }
            hash = keccak256(abi.encode(hash, logs[i]));
            if (topic != ISealedBidAuction.LotAwarded.selector) {
                continue;
            }
            (uint256 lot, , uint256 price, , ) = abi.decode(
                logs[i].data,
                (uint256, uint256, uint256, bytes32, uint256)
            );
            guarantees += market.guaranteeUp((_terms.lotsWh[lot] * price) / 1000);
        }
    }

    function _accounts() private view returns (bytes32 hash) {
        hash = keccak256(abi.encode(ledger.accountOf(TREASURY), ledger.accountOf(STRANGER)));
        for (uint256 i = 0; i < ACTORS; ++i) {
            hash = keccak256(abi.encode(hash, ledger.accountOf(actors[i])));
        }
        (, , uint256 accumulator) = auction.stateOf(_id);
        assert(accumulator == 0); // it is finished
    }

    /// @dev The first actor posts one to three lots. Up to ten quotes come, and some of them are invalid.
    function _post(uint256 seed) private {
        uint256[] memory lots = new uint256[](1 + (seed % 3));
        for (uint256 i = 0; i < lots.length; ++i) {
            lots[i] = 5_000 - 1_000 * i;
        }
        _terms = AuctionTerms({
            publisher: actors[0],
            quoteKey: VM.addr(KEY),
            startPrice: START,
            ceiling: CEILING,
            quoteUntil: block.timestamp + 1 hours,
            discloseUntil: block.timestamp + 2 hours,
            settleBy: block.timestamp + 3 hours,
            payBy: block.timestamp + 4 hours,
            deliverBy: block.timestamp + 12 hours,
            nonce: seed,
            lotsWh: lots
        });
        VM.prank(actors[0]);
        _id = auction.post(_terms);
        uint256 accumulator = auction.seedOf(_id);
        uint256 count = 1 + ((seed >> 8) % MOST_QUOTES);
        for (uint256 i = 0; i < count; ++i) {
            _chain.push(accumulator);
            _quote(uint256(keccak256(abi.encode(seed, i))));
            (, , accumulator) = auction.stateOf(_id);
        }
    }

    /// @dev The bidder is any actor, the publisher too, or somebody without an account. Amounts run from one
    /// below the start price to one above the ceiling, so that many are equal. One quote in eight is garbage.
    function _quote(uint256 random) private {
        uint256 who = random % (ACTORS + 1);
        address bidder = who == ACTORS ? STRANGER : actors[who];
        uint256 amount = _bound(random >> 8, START - 1, CEILING + 1);
        Vm.Wallet memory ephemeral = VM.createWallet(_bound(random >> 16, 1, N - 1));
        address shared = VM.addr(mulmod(KEY, ephemeral.privateKey, N));
        bytes32 mask = keccak256(abi.encode(shared, block.chainid, address(auction), _id, bidder));
        uint256 cx = (random >> 4) % 8 == 0 ? random : ephemeral.publicKeyX;
        uint256 body = ((uint256(mask) ^ amount) & ((1 << 255) - 1)) | (ephemeral.publicKeyY << 255);
        _quotes.push(Quote(bidder, cx, body));
        VM.prank(bidder);
        auction.quote(_id, cx, body);
    }
}
