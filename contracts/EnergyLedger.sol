// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {
    AccountAttestation,
    AccountView,
    Cause,
    CreditParameters,
    IEnergyLedger,
    LedgerParameters,
    Outcome,
    Settlement
} from "./interfaces/IEnergyLedger.sol";
import {CreditBook} from "./libraries/CreditBook.sol";
import {CreditModel} from "./libraries/CreditModel.sol";
import {Range} from "./libraries/Range.sol";
import {RelayLib} from "./libraries/RelayLib.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {MeterRegistry} from "./MeterRegistry.sol";
import {Flags, Purse, PurseLib, Record, Roles, WindowLib} from "./types/Account.sol";
import {Deposit, TokenPermit, Withdrawal} from "./types/Relay.sol";
import {UnorderedNonces} from "./UnorderedNonces.sol";

/// @title Energy ledger
/// @notice Specified in {IEnergyLedger}.
contract EnergyLedger is IEnergyLedger, MeterRegistry, UnorderedNonces, ReentrancyGuard {
    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,bytes identityCiphertext,"
        "uint256 deadline)"
    );
    bytes32 private constant WITHDRAWAL_TYPEHASH = keccak256(
        "Withdrawal(address account,address to,uint256 amount,uint256 nonce,uint256 deadline,address relayer,"
        "uint256 fee)"
    );
    bytes32 private constant DEPOSIT_TYPEHASH = keccak256(
        "Deposit(address owner,address account,uint256 amount,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc IEnergyLedger
    address public immutable ASSET;
    /// @inheritdoc IEnergyLedger
    uint256 public immutable UNIT;
    /// @inheritdoc IEnergyLedger
    address public immutable TREASURY;

    address private immutable _MARKET_0;
    address private immutable _MARKET_1;
    address private immutable _MARKET_2;
    address private immutable _MARKET_3;
    address private immutable _MARKET_4;
    address private immutable _MARKET_5;
    address private immutable _MARKET_6;
    address private immutable _MARKET_7;

    uint256 private immutable _K1_E9;
    uint256 private immutable _K2_E9;
    uint256 private immutable _T1_E9;
    uint256 private immutable _T2_E9;
    uint256 private immutable _Z0;
    uint256 private immutable _PROFIT_E9;
    uint256 private immutable _WINDOW;
    uint256 private immutable _Z_UNIT;
    uint256 private immutable _FLOOR_E9;
    uint256 private immutable _CEILING_E9;
    uint256 private immutable _WITHDRAWAL_E9;
    uint256 private immutable _GRACE_DEFAULTS;
    uint256 private immutable _BAN_UNIT;
    uint256 private immutable _MAX_BAN;
    uint256 private immutable _OPEN_BASE;
    uint256 private immutable _OPEN_PER_CREDIT;

    /// @inheritdoc IEnergyLedger
    address public pkg;

    /// @dev Slot 0 and slot 1 of each account. The treasury has a slot 0 without roles.
    mapping(address account => Purse) private _purse;
    mapping(address account => Record) private _record;

    /// @dev Reverts {EnergyLedger_NotMarket} unless the caller was named at deployment. The first market is
    /// compared before the others, which saves it 30 gas with each call.
    modifier onlyMarket() {
        if (msg.sender != _MARKET_0 && !_isNamed(msg.sender)) {
            revert EnergyLedger_NotMarket(msg.sender);
        }
        _;
    }

    /// @notice Deploys a ledger without accounts.
    /// @dev Emits {PkgChanged}. Reverts: {EnergyLedger_ZeroAddress}, {EnergyLedger_AssetWithoutCode},
    /// {Range_Outside}.
    /// @param p The parameters, each within the range that {LedgerParameters} and {CreditParameters} state.
    constructor(LedgerParameters memory p) Ownable(p.owner) MeterRegistry(p.epochSeconds) {
        if (p.pkg == address(0)) {
            revert EnergyLedger_ZeroAddress("pkg");
        }
        if (p.treasury == address(0)) {
            revert EnergyLedger_ZeroAddress("treasury");
        }
        if (p.asset != address(0) && p.asset.code.length == 0) {
            revert EnergyLedger_AssetWithoutCode(p.asset);
        }
        // slither-disable-next-line unused-return -- the length itself is not kept
        Range.check("markets.length", p.markets.length, 1, 8);
        for (uint256 i = 0; i < p.markets.length; ++i) {
            if (p.markets[i] == address(0)) {
                revert EnergyLedger_ZeroAddress("market");
            }
        }
        ASSET = p.asset;
        UNIT = Range.check("unit", p.unit, 1, 1e18);
        TREASURY = p.treasury;
        _MARKET_0 = p.markets[0];
        _MARKET_1 = p.markets.length > 1 ? p.markets[1] : address(0);
        _MARKET_2 = p.markets.length > 2 ? p.markets[2] : address(0);
        _MARKET_3 = p.markets.length > 3 ? p.markets[3] : address(0);
        _MARKET_4 = p.markets.length > 4 ? p.markets[4] : address(0);
        _MARKET_5 = p.markets.length > 5 ? p.markets[5] : address(0);
        _MARKET_6 = p.markets.length > 6 ? p.markets[6] : address(0);
        _MARKET_7 = p.markets.length > 7 ? p.markets[7] : address(0);

        CreditParameters memory c = p.credit;
        uint256 e9 = CreditModel.E9;
        _K1_E9 = Range.check("k1E9", c.k1E9, 1e6, 10 * e9);
        _K2_E9 = Range.check("k2E9", c.k2E9, c.k1E9, 10 * e9);
        _T1_E9 = Range.check("t1E9", c.t1E9, 1e6, 10 * e9);
        _T2_E9 = Range.check("t2E9", c.t2E9, c.t1E9, 10 * e9);
        _Z0 = Range.check("z0", c.z0, 1, type(uint32).max);
        _PROFIT_E9 = Range.check("profitE9", c.profitE9, 1, e9 - 1);
        _WINDOW = Range.check("window", c.window, 1, WindowLib.LENGTH);
        _Z_UNIT = Range.check("zUnit", c.zUnit, 1, PurseLib.MAX_AMOUNT);
        _FLOOR_E9 = Range.check("floorE9", c.floorE9, 1e6, 1e12);
        _CEILING_E9 = Range.check("ceilingE9", c.ceilingE9, c.floorE9, 1e12);
        _WITHDRAWAL_E9 = Range.check("withdrawalE9", c.withdrawalE9, 0, e9);
        _GRACE_DEFAULTS = Range.check("graceDefaults", c.graceDefaults, 0, 100);
        _BAN_UNIT = Range.check("banUnit", c.banUnit, 60, 3650 days);
        _MAX_BAN = Range.check("maxBan", c.maxBan, c.banUnit, 3650 days);
        _OPEN_BASE = Range.check("openBase", c.openBase, 1, PurseLib.MAX_AMOUNT);
        _OPEN_PER_CREDIT = Range.check("openPerCredit", c.openPerCredit, 0, PurseLib.MAX_AMOUNT);

        pkg = p.pkg;
        emit PkgChanged(address(0), p.pkg);
        _purse[p.treasury] = Purse.wrap(0).withFlags(Flags.KNOWN);
    }

    // ---------------------------------------------------------------- accounts

    /// @inheritdoc IEnergyLedger
    function openAccount(
        AccountAttestation calldata a,
        bytes calldata pkgSignature,
        bytes calldata accountSignature
    ) external {
        (address account, uint256 roles, uint256 deadline) = (a.account, a.roles, a.deadline);
        if (block.timestamp >= deadline) {
            revert EnergyLedger_AttestationExpired(block.timestamp, deadline);
        }
        if (roles == 0 || roles > Roles.ALL) {
            revert EnergyLedger_BadRoles(roles, Roles.ALL);
        }
        if (account == address(0) || account == address(this)) {
            revert EnergyLedger_ZeroAddress("account");
        }
        if (account == TREASURY) {
            revert EnergyLedger_IsTreasury(account);
        }
        Purse p = _purse[account];
        if (p.flags() & Roles.ALL != 0) {
            revert EnergyLedger_AlreadyOpen(account);
        }
        bytes32 digest = _hashTypedData(
            keccak256(
                abi.encode(
                    ATTESTATION_TYPEHASH,
                    account,
                    roles,
                    a.certificateHash,
                    keccak256(a.identityCiphertext),
                    deadline
                )
            )
        );
        if (!SignerLib.isAccounts(pkg, digest, pkgSignature)) {
            revert EnergyLedger_BadAttestation(account, pkg);
        }
        if (msg.sender != account && !SignerLib.isAccounts(account, digest, accountSignature)) {
            revert EnergyLedger_NoConsent(account);
        }
        _purse[account] = p.withFlags(p.flags() | Flags.KNOWN | roles).withSelling(_FLOOR_E9, 0);
        _record[account] = Record.wrap(0).withBuying(_FLOOR_E9, 0);
        emit AccountOpened(account, roles, a.certificateHash, a.identityCiphertext);
    }

    /// @inheritdoc IEnergyLedger
    function suspend(address[] calldata accounts) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Purse p = _openPurse(account);
            _purse[account] = p.withFlags(p.flags() | Flags.SUSPENDED);
            emit AccountSuspended(account);
        }
    }

    /// @inheritdoc IEnergyLedger
    function reinstate(address[] calldata accounts) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Purse p = _purse[account];
            if (p.flags() & Flags.SUSPENDED == 0) {
                revert EnergyLedger_NotSuspended(account);
            }
            _purse[account] = p.withFlags(p.flags() & ~Flags.SUSPENDED);
            emit AccountReinstated(account);
        }
    }

    /// @inheritdoc IEnergyLedger
    function liftBan(address account, string calldata reason) external onlyOwner {
        if (bytes(reason).length == 0) {
            revert EnergyLedger_NoReason();
        }
        Record r = _record[account];
        uint256 until = r.bannedUntil();
        if (block.timestamp >= until) {
            revert EnergyLedger_NotBanned(account, until);
        }
        Purse p = _purse[account];
        _purse[account] = p.withFlags(p.flags() & ~Flags.BANNED);
        _record[account] = r.withBan(0);
        emit BanLifted(account, until, reason);
    }

    /// @inheritdoc IEnergyLedger
    function setPkg(address newPkg) external onlyOwner {
        if (newPkg == address(0)) {
            revert EnergyLedger_ZeroAddress("pkg");
        }
        emit PkgChanged(pkg, newPkg);
        pkg = newPkg;
    }

    // ---------------------------------------------------------------- money in and out

    /// @inheritdoc IEnergyLedger
    function deposit(address account, uint256 amount) external payable nonReentrant {
        _deposit(msg.sender, account, amount);
    }

    /// @inheritdoc IEnergyLedger
    function depositWithPermit(
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        _permit(msg.sender, amount, deadline, v, r, s);
        _deposit(msg.sender, msg.sender, amount);
    }

    /// @inheritdoc IEnergyLedger
    function depositFor(
        Deposit calldata order,
        bytes calldata signature,
        TokenPermit calldata permit
    ) external nonReentrant {
        RelayLib.checkTime(order.deadline);
        bytes32 structHash = keccak256(abi.encode(DEPOSIT_TYPEHASH, order));
        RelayLib.checkSigned(order.owner, _hashTypedData(structHash), signature);
        _useNonce(order.owner, order.nonce);
        _permit(order.owner, order.amount, permit.deadline, permit.v, permit.r, permit.s);
        _deposit(order.owner, order.account, order.amount);
    }

    /// @inheritdoc IEnergyLedger
    function withdraw(address to, uint256 amount) external nonReentrant {
        _withdraw(msg.sender, to, amount);
    }

    /// @inheritdoc IEnergyLedger
    function withdrawFor(Withdrawal calldata order, bytes calldata signature) external nonReentrant {
        RelayLib.checkTime(order.deadline);
        RelayLib.checkFee(order.relayer, order.fee);
        bytes32 structHash = keccak256(abi.encode(WITHDRAWAL_TYPEHASH, order));
        RelayLib.checkSigned(order.account, _hashTypedData(structHash), signature);
        _useNonce(order.account, order.nonce);
        if (order.fee != 0) {
            _payFee(order.relayer, order.fee, order.account);
        }
        _withdraw(order.account, order.to, order.amount);
    }

    /// @dev Its callers hold the reentrancy guard.
    /// @param account Account that the funds are taken from.
    /// @param to Recipient.
    /// @param amount Units of account.
    function _withdraw(address account, address to, uint256 amount) private {
        if (amount == 0) {
            revert EnergyLedger_ZeroAmount();
        }
        if (to == address(0) || to == address(this)) {
            revert EnergyLedger_BadRecipient(to);
        }
        _take(account, amount);
        emit Withdrawn(account, to, amount);
        if (ASSET == address(0)) {
            SafeTransferLib.safeTransferETH(to, amount * UNIT);
        } else {
            SafeTransferLib.safeTransfer(ASSET, to, amount * UNIT);
        }
    }

    /// @dev Takes units out of an account's available funds, whatever its standing. Reverts:
    /// {EnergyLedger_Insufficient}.
    function _take(address account, uint256 amount) private {
        Purse p = _purse[account];
        if (amount > p.available()) {
            revert EnergyLedger_Insufficient(account, amount, p.available());
        }
        _purse[account] = p.sub(amount);
    }

    /// @dev Uses a permit for a deposit if there is one. A permit that a front-runner has used leaves the
    /// same allowance, so a failure here decides nothing. Reverts: {EnergyLedger_NoPermit}.
    function _permit(address owner, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        if (ASSET == address(0)) {
            revert EnergyLedger_NoPermit();
        }
        uint256 asked;
        unchecked {
            asked = amount * UNIT; // Safe: {_deposit} refuses every amount that wraps.
        }
        if (v != 0) {
            try IERC20Permit(ASSET).permit(owner, address(this), asked, deadline, v, r, s) {} catch {}
        }
    }

    /// @dev Its callers hold the reentrancy guard: the balance is read before and after the asset's own code
    /// runs, and no other function of the ledger changes it meanwhile.
    /// @param payer Who pays; on a native ledger the caller.
    /// @param account Open account that gets the funds.
    /// @param amount Units of account.
    function _deposit(address payer, address account, uint256 amount) private {
        _openPurse(account);
        if (amount == 0) {
            revert EnergyLedger_ZeroAmount();
        }
        if (amount > PurseLib.MAX_AMOUNT) {
            revert EnergyLedger_TooMuch(amount, PurseLib.MAX_AMOUNT);
        }
        uint256 asked = amount * UNIT; // Safe: 2**63 * 1e18 < 2**123.
        uint256 balance;
        if (ASSET == address(0)) {
            if (msg.value != asked) {
                revert EnergyLedger_WrongValue(msg.value, asked);
            }
            balance = address(this).balance;
        } else {
            if (msg.value != 0) {
                revert EnergyLedger_WrongValue(msg.value, 0);
            }
            uint256 balanceBefore = SafeTransferLib.balanceOf(ASSET, address(this));
            SafeTransferLib.safeTransferFrom(ASSET, payer, address(this), asked);
            balance = SafeTransferLib.balanceOf(ASSET, address(this));
            uint256 received = balance < balanceBefore ? 0 : balance - balanceBefore;
            if (received < asked) {
                revert EnergyLedger_ReceivedLess(received, asked);
            }
        }
        uint256 total = balance / UNIT;
        if (total > PurseLib.MAX_AMOUNT) {
            revert EnergyLedger_TooMuch(total, PurseLib.MAX_AMOUNT);
        }
        // The purse is read after the asset's code ran: a hostile token may have traded in between.
        _purse[account] = _purse[account].add(amount);
        emit Deposited(account, payer, amount);
    }

    // ---------------------------------------------------------------- markets

    /// @inheritdoc IEnergyLedger
    function commit(
        address seller,
        address buyer,
        bool metered,
        uint256 guarantee,
        uint256 payment
    ) external onlyMarket returns (bytes32 meter) {
        if (seller != address(0)) {
            Purse p = _committable(seller, Roles.PRODUCER, guarantee);
            uint256 limit = openLimit(p.sellerCreditE9());
            uint256 held = p.held() + guarantee;
            if (held > limit) {
                revert EnergyLedger_OverCreditLimit(seller, held, limit);
            }
            _purse[seller] = p.hold(guarantee);
        }
        if (buyer != address(0)) {
            _purse[buyer] = _committable(buyer, Roles.CONSUMER, payment).sub(payment);
            if (metered) {
                meter = meterOf[buyer];
            }
        }
    }

    /// @inheritdoc IEnergyLedger
    function payOwed(
        address buyer,
        bool metered,
        uint256 payment
    ) external onlyMarket returns (bytes32 meter) {
        Purse p = _purse[buyer];
        uint256 flags = p.flags();
        if (flags & Roles.CONSUMER == 0) {
            revert EnergyLedger_RoleMissing(buyer, flags & Roles.ALL, Roles.CONSUMER);
        }
        if (flags & Flags.SUSPENDED != 0) {
            revert EnergyLedger_Suspended(buyer);
        }
        if (payment > p.available()) {
            revert EnergyLedger_Insufficient(buyer, payment, p.available());
        }
        _purse[buyer] = p.sub(payment);
        if (metered) {
            meter = meterOf[buyer];
        }
    }

    /// @inheritdoc IEnergyLedger
    function transfer(address buyer, address seller, uint256 amount) external onlyMarket {
        _purse[buyer] = _committable(buyer, Roles.CONSUMER, amount).sub(amount);
        _purse[seller] = _committable(seller, Roles.PRODUCER, 0).add(amount);
    }

    /// @inheritdoc IEnergyLedger
    function payFee(address relayer, uint256 amount, address payer) external onlyMarket {
        _payFee(relayer, amount, payer);
    }

    /// @dev See {payFee}.
    function _payFee(address relayer, uint256 amount, address payer) private {
        if (payer != address(0)) {
            _take(payer, amount);
        }
        _purse[relayer] = _purse[relayer].add(amount);
        emit RelayFeePaid(relayer, payer, amount);
    }

    /// @inheritdoc IEnergyLedger
    function settle(Settlement calldata s) external onlyMarket {
        address seller = s.seller;
        Purse p = _purse[seller].unhold(s.unhold).add(s.sellerGets);
        Outcome outcome = s.outcome;
        if (outcome == Outcome.Delivered) {
            p = _recordDelivery(seller, p, s.buyer, CreditBook.zDown(s.value, _Z_UNIT));
        } else if (outcome == Outcome.Withdrawn) {
            p = _recordWithdrawal(seller, p);
        } else if (outcome == Outcome.SellerDefault) {
            p = _recordSellerDefault(seller, p, CreditBook.zDown(s.value, _Z_UNIT), s.agreedAt);
        } else if (outcome == Outcome.BuyerDefault) {
            p = _recordBuyerDefault(s.buyer, CreditBook.zDown(s.value, _Z_UNIT), s.agreedAt, seller, p);
        }
        _purse[seller] = p;
        uint256 amount = s.buyerGets;
        if (amount != 0) {
            _purse[s.buyer] = _purse[s.buyer].add(amount);
        }
        amount = s.treasuryGets;
        if (amount != 0) {
            _purse[TREASURY] = _purse[TREASURY].add(amount);
        }
    }

    /// @dev Computes, stores and logs both credits after a delivery.
    /// @param seller Seller.
    /// @param p The seller's slot 0, which the caller stores.
    /// @param buyer Buyer.
    /// @param z Size of the trade.
    /// @return The seller's slot 0 afterwards.
    function _recordDelivery(address seller, Purse p, address buyer, uint256 z) private returns (Purse) {
        Record r = _record[buyer];
        (Purse sold, uint256 sellerCredit) = CreditBook.sold(
            p,
            z,
            _WINDOW,
            _Z0,
            _K1_E9,
            _K2_E9,
            _FLOOR_E9,
            _CEILING_E9
        );
        (Record bought, uint256 buyerCredit) = CreditBook.bought(
            r,
            z,
            _WINDOW,
            _Z0,
            _PROFIT_E9,
            _T1_E9,
            _T2_E9,
            _FLOOR_E9,
            _CEILING_E9
        );
        _record[buyer] = bought;
        // One event for both costs 1,000 gas less than two.
        emit DeliveryRecorded(
            seller,
            buyer,
            p.sellerCreditE9() |
                (sellerCredit << 40) |
                (r.buyerCreditE9() << 80) |
                (buyerCredit << 120) |
                (z << 160)
        );
        return sold;
    }

    /// @dev Computes, stores and logs what a seller's default changes.
    /// @param account Seller.
    /// @param p The seller's slot 0, which the caller stores.
    /// @param z Size of the trade.
    /// @param agreedAt Unix seconds at which the trade was agreed.
    /// @return The seller's slot 0 afterwards.
    function _recordSellerDefault(
        address account,
        Purse p,
        uint256 z,
        uint256 agreedAt
    ) private returns (Purse) {
        (Record r, uint256 c, bool escalates) = CreditBook.defaulted(_record[account], agreedAt);
        uint256 old = p.sellerCreditE9();
        uint256 credit;
        (p, credit) = CreditBook.notDelivered(p, z, c, _WINDOW, _Z0, _K1_E9, _K2_E9, _FLOOR_E9);
        _emitCredit(account, Cause.SellerDefault, old, credit, z);
        r = _recordDefault(account, Cause.SellerDefault, r, c, credit, escalates);
        return r.bannedUntil() == 0 ? p : p.withFlags(p.flags() | Flags.BANNED);
    }

    /// @dev Computes, stores and logs what a buyer's default changes. A buyer whom the DSO has suspended
    /// could not pay, so that is no default.
    /// @param account Buyer.
    /// @param z Size of the trade.
    /// @param agreedAt Unix seconds at which the trade was agreed.
    /// @param seller Seller.
    /// @param p The seller's slot 0, which the caller stores.
    /// @return The seller's slot 0 afterwards.
    function _recordBuyerDefault(
        address account,
        uint256 z,
        uint256 agreedAt,
        address seller,
        Purse p
    ) private returns (Purse) {
        // If one account is buyer and seller, its purse is the one that is being settled.
        Purse purse = account == seller ? p : _purse[account];
        if (purse.flags() & Flags.SUSPENDED != 0) {
            return p;
        }
        (Record r, uint256 c, bool escalates) = CreditBook.defaulted(_record[account], agreedAt);
        uint256 old = r.buyerCreditE9();
        uint256 credit;
        (r, credit) = CreditBook.notPaid(r, z, c, _WINDOW, _PROFIT_E9, _T1_E9, _T2_E9, _FLOOR_E9);
        _emitCredit(account, Cause.BuyerDefault, old, credit, z);
        r = _recordDefault(account, Cause.BuyerDefault, r, c, credit, escalates);
        if (r.bannedUntil() == 0) {
            return p;
        }
        purse = purse.withFlags(purse.flags() | Flags.BANNED);
        if (account == seller) {
            return purse;
        }
        _purse[account] = purse;
        return p;
    }

    /// @dev What both kinds of default have in common: the ban, if the default is a step, the record and its
    /// log.
    /// @param r The account's slot 1 with the default counted.
    /// @param c Penalty factor.
    /// @param creditE9 Credit after the default.
    /// @param escalates Whether the default is a step.
    /// @return The account's slot 1, as it is stored.
    function _recordDefault(
        address account,
        Cause cause,
        Record r,
        uint256 c,
        uint256 creditE9,
        bool escalates
    ) private returns (Record) {
        if (escalates) {
            r = CreditBook.banned(r, c, creditE9, _GRACE_DEFAULTS, _BAN_UNIT, _MAX_BAN);
        }
        _record[account] = r;
        emit DefaultRecorded(account, cause, r.defaults(), r.steps(), r.lastStepAt(), r.bannedUntil());
        return r;
    }

    /// @dev Computes and logs the seller's credit after a withdrawal.
    /// @param account Seller.
    /// @param p The seller's slot 0, which the caller stores.
    /// @return The seller's slot 0 afterwards.
    function _recordWithdrawal(address account, Purse p) private returns (Purse) {
        if (_WITHDRAWAL_E9 == 0) {
            return p;
        }
        (Purse after_, uint256 credit) = CreditBook.withdrew(p, _WITHDRAWAL_E9, _K1_E9, _K2_E9, _FLOOR_E9);
        _emitCredit(account, Cause.Withdrawn, p.sellerCreditE9(), credit, 0);
        return after_;
    }

    /// @dev Logs one credit, packed as {IEnergyLedger.CreditChanged} states.
    function _emitCredit(address account, Cause cause, uint256 old, uint256 credit, uint256 z) private {
        emit CreditChanged(account, uint256(cause) | (old << 8) | (credit << 48) | (z << 88));
    }

    /// @dev Reverts: {EnergyLedger_RoleMissing}, {EnergyLedger_Suspended}, {EnergyLedger_Banned},
    /// {EnergyLedger_Insufficient}.
    /// @param account Any account.
    /// @param role Role that the commitment needs, one bit of {Roles}.
    /// @param amount Units of account to be committed.
    /// @return p The account's slot 0, if the account may commit the amount now; an expired ban is cleared in
    /// it.
    function _committable(address account, uint256 role, uint256 amount) private view returns (Purse p) {
        p = _purse[account];
        uint256 flags = p.flags();
        if (flags & (role | Flags.SUSPENDED | Flags.BANNED) != role) {
            if (flags & role == 0) {
                revert EnergyLedger_RoleMissing(account, flags & Roles.ALL, role);
            }
            if (flags & Flags.SUSPENDED != 0) {
                revert EnergyLedger_Suspended(account);
            }
            uint256 until = _record[account].bannedUntil();
            if (block.timestamp < until) {
                revert EnergyLedger_Banned(account, until);
            }
            p = p.withFlags(flags & ~Flags.BANNED);
        }
        if (amount > p.available()) {
            revert EnergyLedger_Insufficient(account, amount, p.available());
        }
    }

    /// @dev The slot 0 of an open account. Reverts: {EnergyLedger_NotOpen}.
    function _openPurse(address account) private view returns (Purse p) {
        p = _purse[account];
        if (p.flags() & Roles.ALL == 0) {
            revert EnergyLedger_NotOpen(account);
        }
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEnergyLedger
    function accountOf(address account) external view returns (AccountView memory) {
        Purse p = _purse[account];
        Record r = _record[account];
        uint256 flags = p.flags();
        return
            AccountView({
                roles: flags & Roles.ALL,
                open: flags & Roles.ALL != 0,
                suspended: flags & Flags.SUSPENDED != 0,
                available: p.available(),
                held: p.held(),
                sellerCreditE9: p.sellerCreditE9(),
                buyerCreditE9: r.buyerCreditE9(),
                defaults: r.defaults(),
                steps: r.steps(),
                lastStepAt: r.lastStepAt(),
                bannedUntil: r.bannedUntil(),
                sales: p.sales(),
                purchases: r.purchases()
            });
    }

    /// @inheritdoc IEnergyLedger
    function mayCommit(address account, uint256 role) external view returns (bool) {
        uint256 flags = _purse[account].flags();
        uint256 against = (role & ~flags) | (flags & Flags.SUSPENDED);
        unchecked {
            // One comparison, because two cost more gas. Safe: for role 0 the difference wraps to the largest
            // number, and a role above {Roles.ALL} is too large by itself; anything against lies above it.
            if ((role - 1) | (against << 2) >= Roles.ALL) {
                return false;
            }
        }
        return flags & Flags.BANNED == 0 || block.timestamp >= _record[account].bannedUntil();
    }

    /// @inheritdoc IEnergyLedger
    function openLimit(uint256 creditE9) public view returns (uint256) {
        if (creditE9 <= _FLOOR_E9) {
            return _OPEN_BASE;
        }
        unchecked {
            // Safe: base and slope are below 2**64, and every credit of an account is below 2**40.
            return _OPEN_BASE + (_OPEN_PER_CREDIT * (creditE9 - _FLOOR_E9)) / CreditModel.E9;
        }
    }

    /// @inheritdoc IEnergyLedger
    function creditParameters() external view returns (CreditParameters memory) {
        return
            CreditParameters({
                k1E9: _K1_E9,
                k2E9: _K2_E9,
                t1E9: _T1_E9,
                t2E9: _T2_E9,
                z0: _Z0,
                profitE9: _PROFIT_E9,
                window: _WINDOW,
                zUnit: _Z_UNIT,
                floorE9: _FLOOR_E9,
                ceilingE9: _CEILING_E9,
                withdrawalE9: _WITHDRAWAL_E9,
                graceDefaults: _GRACE_DEFAULTS,
                banUnit: _BAN_UNIT,
                maxBan: _MAX_BAN,
                openBase: _OPEN_BASE,
                openPerCredit: _OPEN_PER_CREDIT
            });
    }

    /// @inheritdoc IEnergyLedger
    function isMarket(address market) public view returns (bool) {
        return market != address(0) && _isNamed(market);
    }

    /// @dev Whether an address other than zero was named at deployment. The first four places are looked at
    /// first, so that the others cost the markets there nothing.
    function _isNamed(address market) private view returns (bool) {
        if (market == _MARKET_0 || market == _MARKET_1 || market == _MARKET_2 || market == _MARKET_3) {
            return true;
        }
        return market == _MARKET_4 || market == _MARKET_5 || market == _MARKET_6 || market == _MARKET_7;
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("EnergyLedger", "1");
    }
}
