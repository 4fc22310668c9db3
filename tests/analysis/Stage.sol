// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccountAttestation,
    AccountView,
    CreditParameters,
    IEnergyLedger,
    LedgerParameters
} from "../../contracts/interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "../../contracts/interfaces/IMeterRegistry.sol";
import {IOfferMarket, MarketParameters} from "../../contracts/interfaces/IOfferMarket.sol";
import {AuctionParameters, ISealedBidAuction} from "../../contracts/interfaces/ISealedBidAuction.sol";

/// @notice The cheat codes of forge that the specs use; forge's book explains each.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Wallet {
        address addr;
        uint256 publicKeyX;
        uint256 publicKeyY;
        uint256 privateKey;
    }

    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function createWallet(uint256 key) external returns (Wallet memory);
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function deal(address account, uint256 balance) external;
    function assume(bool condition) external pure;
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
}

/// @notice The market as it is deployed: the bytecode is that of the artifacts, with the default parameters
/// but for a fee, and bans of hours, so that the traders soon go on.
abstract contract Stage {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant E9 = 1e9;
    uint256 internal constant UNIT = 1e9;
    uint256 internal constant FLOOR_E9 = E9;
    uint256 internal constant CEILING_E9 = 100 * E9;
    uint256 internal constant ACTORS = 4;
    uint256 private constant PKG_KEY = 0x9109;
    uint256 private constant ACTOR_KEY = 0xac70;
    uint256 private constant METER_KEY = 0x3e7e;
    address internal constant OWNER = address(0xd50);
    address internal constant TREASURY = address(0x77ea);
    /// @dev Has no account, and may quote all the same.
    address internal constant STRANGER = address(0xb1d);

    IEnergyLedger internal ledger;
    IOfferMarket internal market;
    ISealedBidAuction internal auction;
    address[ACTORS] internal actors;

    /// @dev Units of account that were deposited, less those that were withdrawn.
    uint256 internal deposited;

    /// @dev Deploys the market, and opens an account with a meter, both roles and `funds` for every actor.
    function _open(uint256 funds) internal {
        VM.warp(1_700_000_000);
        uint256 nonce = VM.getNonce(address(this));
        ledger = IEnergyLedger(VM.computeCreateAddress(address(this), nonce));
        market = IOfferMarket(VM.computeCreateAddress(address(this), nonce + 1));
        auction = ISealedBidAuction(VM.computeCreateAddress(address(this), nonce + 2));
        address[] memory markets = new address[](2);
        (markets[0], markets[1]) = (address(market), address(auction));
        _deploy(
            "EnergyLedger",
            abi.encode(
                LedgerParameters({
                    asset: address(0),
                    unit: UNIT,
                    owner: OWNER,
                    pkg: VM.addr(PKG_KEY),
                    treasury: TREASURY,
                    markets: markets,
                    epochSeconds: 1 days,
                    credit: _credit()
                })
            )
        );
        _deploy(
            "OfferMarket",
            abi.encode(
                MarketParameters({
                    ledger: address(ledger),
                    guaranteeBps: 10_000,
                    feeBps: 100,
                    cancelBps: 500,
                    penaltyBps: 2_000,
                    toleranceBps: 1_000,
                    maxDuration: 7 days,
                    replyTime: 1 days,
                    auction: address(auction)
                })
            )
        );
        _deploy(
            "SealedBidAuction",
            abi.encode(AuctionParameters(address(ledger), address(market), 5_000, 600, 600, 0, 0, 7 days))
        );
        for (uint256 i = 0; i < ACTORS; ++i) {
            actors[i] = VM.addr(ACTOR_KEY + i);
            _enrol(actors[i]);
            VM.prank(OWNER);
            IMeterRegistry(address(ledger)).registerMeter(actors[i], _meter(i));
            _deposit(actors[i], funds);
        }
    }

    function _credit() private pure returns (CreditParameters memory) {
        return
            CreditParameters({
                k1E9: E9,
                k2E9: E9,
                t1E9: E9,
                t2E9: E9,
                z0: 200,
                profitE9: E9 / 2,
                window: 10,
                zUnit: 1e6,
                floorE9: FLOOR_E9,
                ceilingE9: CEILING_E9,
                withdrawalE9: E9 / 20,
                graceDefaults: 2,
                banUnit: 1 hours,
                maxBan: 1 days,
                openBase: 10 * E9,
                openPerCredit: 10 * E9
            });
    }

    function _deploy(string memory name, bytes memory arguments) private {
        string memory path = string.concat("energy_trading/artifacts/", name, ".json");
        bytes memory code = bytes.concat(VM.parseJsonBytes(VM.readFile(path), ".bytecode"), arguments);
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), name);
    }

    function _enrol(address account) private {
        uint256 deadline = block.timestamp + 1;
        bytes32 typehash = keccak256(
            "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,"
            "bytes identityCiphertext,uint256 deadline)"
        );
        bytes32 hash = keccak256(abi.encode(typehash, account, 3, bytes32(0), keccak256(""), deadline));
        bytes memory signature = _sign(PKG_KEY, "EnergyLedger", address(ledger), hash);
        VM.prank(account);
        ledger.openAccount(AccountAttestation(account, 3, 0, "", deadline), signature, "");
    }

    function _deposit(address account, uint256 amount) internal {
        VM.deal(account, amount * UNIT);
        VM.prank(account);
        ledger.deposit{value: amount * UNIT}(account, amount);
        deposited += amount;
    }

    /// @dev ERC-7913 signer of an actor's meter.
    function _meter(uint256 actor) internal pure returns (bytes memory) {
        return abi.encodePacked(VM.addr(METER_KEY + actor));
    }

    function _meterSigns(
        uint256 actor,
        bytes32 tradeId,
        uint256 energy
    ) internal view returns (bytes memory) {
        bytes32 typehash = keccak256("Receipt(bytes32 tradeId,bytes32 energy)");
        bytes32 hash = keccak256(abi.encode(typehash, tradeId, energy));
        return _sign(METER_KEY + actor, "OfferMarket", address(market), hash);
    }

    function _actorSigns(uint256 actor, bytes32 tradeId) internal view returns (bytes memory) {
        return _sign(ACTOR_KEY + actor, "OfferMarket", address(market), tradeId);
    }

    function _sign(
        uint256 key,
        string memory name,
        address verifier,
        bytes32 hash
    ) private view returns (bytes memory) {
        bytes32 typehash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        bytes32 domain = keccak256(
            abi.encode(typehash, keccak256(bytes(name)), keccak256("1"), block.chainid, verifier)
        );
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, keccak256(abi.encodePacked(hex"1901", domain, hash)));
        return abi.encodePacked(r, s, v);
    }

    /// @dev Σ available + Σ held over everybody there is.
    function _inAccounts() internal view returns (uint256 sum) {
        AccountView memory account = ledger.accountOf(TREASURY);
        sum = account.available + account.held + ledger.accountOf(STRANGER).available;
        for (uint256 i = 0; i < ACTORS; ++i) {
            account = ledger.accountOf(actors[i]);
            sum += account.available + account.held;
        }
    }

    /// @dev A number in min … max that `x` stands for.
    function _bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + (x % (max - min + 1));
    }
}
