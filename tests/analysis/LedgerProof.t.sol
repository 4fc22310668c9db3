// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccountView,
    CreditParameters,
    IEnergyLedger,
    LedgerParameters,
    Outcome,
    Settlement
} from "../../contracts/interfaces/IEnergyLedger.sol";
import {Proof} from "./Proof.sol";

/// @notice What the markets may do to accounts, for every state of the ledger: its storage is anything.
/// @dev This contract is the only market. Each statement is about an account that may be anyone's, the
/// parties' or the treasury's, and the parties may be one: so it says what happens to the sum over all
/// accounts.
/// @custom:paper N-1, N-2, N-4, N-7, X-1, X-2, X-3, X-11
contract LedgerProof is Proof {
    // The prover looks for these prefixes; `full_` takes long.
    // solhint-disable func-name-mixedcase

    address private constant TREASURY = address(0x77ea);
    uint256 private constant MOST = type(uint64).max >> 1;

    IEnergyLedger private _ledger;

    function setUp() public {
        address[] memory markets = new address[](1);
        markets[0] = address(this);
        _ledger = IEnergyLedger(
            _create(
                "EnergyLedger",
                abi.encode(
                    LedgerParameters({
                        asset: address(0),
                        unit: 1e9,
                        owner: address(0xd50),
                        pkg: address(0x9109),
                        treasury: TREASURY,
                        markets: markets,
                        epochSeconds: 1 days,
                        credit: CreditParameters({
                            k1E9: E9,
                            k2E9: E9,
                            t1E9: E9,
                            t2E9: E9,
                            z0: 200,
                            profitE9: E9 / 2,
                            window: 10,
                            zUnit: 1e6,
                            floorE9: E9,
                            ceilingE9: 100 * E9,
                            withdrawalE9: E9 / 20,
                            graceDefaults: 2,
                            banUnit: 1 days,
                            maxBan: 365 days,
                            openBase: 10 * E9,
                            openPerCredit: 10 * E9
                        })
                    })
                )
            )
        );
        VM.setArbitraryStorage(address(_ledger));
    }

    /// @notice A settlement that is only about money: for all parties, also where they are one account.
    function check_settleMoney(
        address seller,
        address buyer,
        uint64 unhold,
        uint64[3] calldata gets,
        address anyone
    ) external {
        _settle(
            Settlement({
                seller: seller,
                unhold: unhold,
                sellerGets: gets[0],
                buyer: buyer,
                buyerGets: gets[1],
                outcome: Outcome.None,
                value: 0,
                agreedAt: 0,
                treasuryGets: gets[2]
            }),
            anyone
        );
    }

    /// @notice A delivery, of any value, moves no other money than what it says.
    /// @dev Here and below buyer and treasury get nothing: the ledger pays them after the credits, in the
    /// steps that {check_settleMoney} is about.
    function full_settleDelivered(
        address seller,
        address buyer,
        uint64 unhold,
        uint64 sellerGets,
        uint64 value,
        address anyone
    ) external {
        _settleSeller(seller, buyer, unhold, sellerGets, value, Outcome.Delivered, anyone);
    }

    /// @notice A seller's default likewise.
    function full_settleSellerDefault(
        address seller,
        uint64 unhold,
        uint64 sellerGets,
        uint64 value,
        address anyone
    ) external {
        _settleSeller(seller, address(0), unhold, sellerGets, value, Outcome.SellerDefault, anyone);
    }

    /// @notice A buyer's default likewise.
    function full_settleBuyerDefault(
        address seller,
        address buyer,
        uint64 unhold,
        uint64 sellerGets,
        uint64 value,
        address anyone
    ) external {
        _settleSeller(seller, buyer, unhold, sellerGets, value, Outcome.BuyerDefault, anyone);
    }

    /// @notice A withdrawn offer likewise.
    function check_settleWithdrawn(
        address seller,
        uint64 unhold,
        uint64 sellerGets,
        uint64 value,
        address anyone
    ) external {
        _settleSeller(seller, address(0), unhold, sellerGets, value, Outcome.Withdrawn, anyone);
    }

    /// @notice A commitment moves the guarantee from what the seller may use to what it holds, takes the
    /// payment out of the buyer's funds, and changes nobody else's; it reverts where either has too little.
    function check_commit(
        address seller,
        uint256 guarantee,
        address buyer,
        uint256 payment,
        address anyone
    ) external {
        AccountView memory a = _ledger.accountOf(anyone);
        _ledger.commit(seller, buyer, false, guarantee, payment);
        AccountView memory b = _ledger.accountOf(anyone);
        uint256 held = anyone == seller && seller != address(0) ? guarantee : 0;
        uint256 taken = anyone == buyer && buyer != address(0) ? payment : 0;
        assert(b.available == a.available - held - taken);
        assert(b.held == a.held + held);
    }

    /// @notice A transfer takes from the buyer what it gives to the seller; it reverts where that is too
    /// little.
    function check_transfer(address buyer, address seller, uint64 amount, address anyone) external {
        AccountView memory a = _ledger.accountOf(anyone);
        uint256 gets = anyone == seller ? amount : 0;
        uint256 gives = anyone == buyer ? amount : 0;
        VM.assume(a.available + gets <= MOST);
        _ledger.transfer(buyer, seller, amount);
        AccountView memory b = _ledger.accountOf(anyone);
        assert(b.available == a.available + gets - gives);
        assert(b.held == a.held);
    }

    /// @dev One in which buyer and treasury get nothing.
    function _settleSeller(
        address seller,
        address buyer,
        uint256 unhold,
        uint256 sellerGets,
        uint256 value,
        Outcome outcome,
        address anyone
    ) private {
        _settle(
            Settlement({
                seller: seller,
                unhold: unhold,
                sellerGets: sellerGets,
                buyer: buyer,
                buyerGets: 0,
                outcome: outcome,
                value: value,
                agreedAt: block.timestamp,
                treasuryGets: 0
            }),
            anyone
        );
    }

    /// @dev A settlement takes `unhold` out of what the seller holds, adds to each party's funds what it
    /// gets, and changes nobody else's.
    function _settle(Settlement memory s, address anyone) private {
        AccountView memory a = _ledger.accountOf(anyone);
        uint256 gets = 0;
        uint256 unheld = 0;
        if (anyone == s.seller) {
            (gets, unheld) = (s.sellerGets, s.unhold);
        }
        if (anyone == s.buyer) {
            gets += s.buyerGets;
        }
        if (anyone == TREASURY) {
            gets += s.treasuryGets;
        }
        // The ledger counts at most 2**64 - 1 units in all, what is paid out with them; a market takes back
        // no more than it had held.
        VM.assume((unheld <= a.held) && (a.available + gets <= MOST));
        _ledger.settle(s);
        AccountView memory b = _ledger.accountOf(anyone);
        assert(b.available == a.available + gets);
        assert(b.held == a.held - unheld);
    }
}
