// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
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
import {CreditModel} from "./libraries/CreditModel.sol";
import {Range} from "./libraries/Range.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {MeterRegistry} from "./MeterRegistry.sol";
import {Purse, PurseLib, Record, WindowLib} from "./types/Account.sol";

/// @title Energy ledger
/// @notice The rules are told in {IEnergyLedger}.
contract EnergyLedger is IEnergyLedger, MeterRegistry, EIP712, ReentrancyGuard {
    using WindowLib for uint256;

    uint256 private constant PRODUCER = 1;
    uint256 private constant CONSUMER = 2;
    uint256 private constant ROLES = PRODUCER | CONSUMER;
    uint256 private constant SUSPENDED = 4;
    /// @dev Set in every account and in the treasury, so that their slots are never zero and cost 5,000 to change.
    uint256 private constant KNOWN = 8;
    /// @dev Says that the record has a ban date to look at; taken off at the first commitment after it.
    uint256 private constant BANNED = 16;

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,bytes identityCiphertext,uint256 deadline)"
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

    mapping(address account => Purse) private _purse;
    mapping(address account => Record) private _record;

    modifier onlyMarket() {
        if (!isMarket(msg.sender)) revert EnergyLedger_NotMarket(msg.sender);
        _;
    }

    constructor(LedgerParameters memory p) Ownable(p.owner) MeterRegistry(p.epochSeconds) {
        if (p.pkg == address(0)) revert EnergyLedger_ZeroAddress("pkg");
        if (p.treasury == address(0)) revert EnergyLedger_ZeroAddress("treasury");
        if (p.asset != address(0) && p.asset.code.length == 0) revert EnergyLedger_AssetWithoutCode(p.asset);
        // slither-disable-next-line unused-return -- the length itself is kept nowhere
        Range.check("markets.length", p.markets.length, 1, 4);
        for (uint256 i = 0; i < p.markets.length; ++i) {
            if (p.markets[i] == address(0)) revert EnergyLedger_ZeroAddress("market");
        }
        ASSET = p.asset;
        UNIT = Range.check("unit", p.unit, 1, 1e18);
        TREASURY = p.treasury;
        _MARKET_0 = p.markets[0];
        _MARKET_1 = p.markets.length > 1 ? p.markets[1] : address(0);
        _MARKET_2 = p.markets.length > 2 ? p.markets[2] : address(0);
        _MARKET_3 = p.markets.length > 3 ? p.markets[3] : address(0);

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
        _purse[p.treasury] = Purse.wrap(0).withFlags(KNOWN);
    }

    // ---------------------------------------------------------------- accounts

    /// @inheritdoc IEnergyLedger
    function openAccount(AccountAttestation calldata a, bytes calldata signature) external {
        if (block.timestamp >= a.deadline)
            revert EnergyLedger_AttestationExpired(block.timestamp, a.deadline);
        if (a.roles == 0 || a.roles > ROLES) revert EnergyLedger_BadRoles(a.roles, ROLES);
        if (a.account == address(0) || a.account == address(this)) revert EnergyLedger_ZeroAddress("account");
        Purse p = _purse[a.account];
        if (p.flags() & ROLES != 0) revert EnergyLedger_AlreadyOpen(a.account);
        bytes32 digest = _hashTypedData(
            keccak256(
                abi.encode(
                    ATTESTATION_TYPEHASH,
                    a.account,
                    a.roles,
                    a.certificateHash,
                    keccak256(a.identityCiphertext),
                    a.deadline
                )
            )
        );
        if (!SignerLib.isAccounts(pkg, digest, signature)) {
            revert EnergyLedger_BadAttestation(a.account, pkg);
        }
        _purse[a.account] = p.withFlags(p.flags() | KNOWN | a.roles).withSelling(_FLOOR_E9, 0);
        _record[a.account] = Record.wrap(0).withBuying(_FLOOR_E9, 0);
        emit AccountOpened(a.account, a.roles, a.certificateHash, a.identityCiphertext);
    }

    /// @inheritdoc IEnergyLedger
    function suspend(address[] calldata accounts) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; ++i) {
            Purse p = _openPurse(accounts[i]);
            _purse[accounts[i]] = p.withFlags(p.flags() | SUSPENDED);
            emit AccountSuspended(accounts[i]);
        }
    }

    /// @inheritdoc IEnergyLedger
    function reinstate(address[] calldata accounts) external onlyOwner {
        for (uint256 i = 0; i < accounts.length; ++i) {
            Purse p = _purse[accounts[i]];
            if (p.flags() & SUSPENDED == 0) revert EnergyLedger_NotSuspended(accounts[i]);
            _purse[accounts[i]] = p.withFlags(p.flags() & ~SUSPENDED);
            emit AccountReinstated(accounts[i]);
        }
    }

    /// @inheritdoc IEnergyLedger
    function setPkg(address newPkg) external onlyOwner {
        if (newPkg == address(0)) revert EnergyLedger_ZeroAddress("pkg");
        emit PkgChanged(pkg, newPkg);
        pkg = newPkg;
    }

    // ---------------------------------------------------------------- money in and out

    /// @inheritdoc IEnergyLedger
    function deposit(address account, uint256 amount) external payable nonReentrant {
        _deposit(account, amount);
    }

    /// @inheritdoc IEnergyLedger
    function depositWithPermit(
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant {
        if (ASSET == address(0)) revert EnergyLedger_NoPermit();
        uint256 asked;
        unchecked {
            asked = amount * UNIT; // Safe: {_deposit} refuses every amount that wraps.
        }
        // A permit used by a front-runner leaves the same allowance, so a failure here decides nothing.
        try IERC20Permit(ASSET).permit(msg.sender, address(this), asked, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc IEnergyLedger
    function withdraw(address to, uint256 amount) external nonReentrant {
        if (amount == 0) revert EnergyLedger_ZeroAmount();
        if (to == address(0) || to == address(this)) revert EnergyLedger_BadRecipient(to);
        Purse p = _purse[msg.sender];
        if (amount > p.available()) revert EnergyLedger_Insufficient(msg.sender, amount, p.available());
        _purse[msg.sender] = p.sub(amount);
        emit Withdrawn(msg.sender, to, amount);
        if (ASSET == address(0)) SafeTransferLib.safeTransferETH(to, amount * UNIT);
        else SafeTransferLib.safeTransfer(ASSET, to, amount * UNIT);
    }

    /// @dev Under the guard of its callers: the balance is read before and after the asset's own code runs, and no
    /// other function of the ledger changes it.
    function _deposit(address account, uint256 amount) private {
        _openPurse(account);
        if (amount == 0) revert EnergyLedger_ZeroAmount();
        if (amount > PurseLib.MAX_AMOUNT) revert EnergyLedger_TooMuch(amount, PurseLib.MAX_AMOUNT);
        uint256 asked = amount * UNIT; // Safe: 2**64 * 1e18 < 2**124.
        uint256 balance;
        if (ASSET == address(0)) {
            if (msg.value != asked) revert EnergyLedger_WrongValue(msg.value, asked);
            balance = address(this).balance;
        } else {
            if (msg.value != 0) revert EnergyLedger_WrongValue(msg.value, 0);
            uint256 balanceBefore = SafeTransferLib.balanceOf(ASSET, address(this));
            SafeTransferLib.safeTransferFrom(ASSET, msg.sender, address(this), asked);
            balance = SafeTransferLib.balanceOf(ASSET, address(this));
            uint256 received = balance < balanceBefore ? 0 : balance - balanceBefore;
            if (received < asked) revert EnergyLedger_ReceivedLess(received, asked);
        }
        if (balance / UNIT > PurseLib.MAX_AMOUNT)
            revert EnergyLedger_TooMuch(balance / UNIT, PurseLib.MAX_AMOUNT);
        // Read after the asset's code ran: a hostile token may have traded in between.
        _purse[account] = _purse[account].add(amount);
        emit Deposited(account, msg.sender, amount);
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
            Purse p = _committable(seller, PRODUCER, guarantee);
            uint256 limit = openLimit(p.sellerCreditE9());
            uint256 held = p.held() + guarantee;
            if (held > limit) revert EnergyLedger_OverCreditLimit(seller, held, limit);
            _purse[seller] = p.hold(guarantee);
        }
        if (buyer != address(0)) {
            _purse[buyer] = _committable(buyer, CONSUMER, payment).sub(payment);
            if (metered) meter = meterOf[buyer];
        }
    }

    /// @inheritdoc IEnergyLedger
    function transfer(address buyer, address seller, uint256 amount) external onlyMarket {
        _purse[buyer] = _committable(buyer, CONSUMER, amount).sub(amount);
        _purse[seller] = _committable(seller, PRODUCER, 0).add(amount);
    }

    /// @inheritdoc IEnergyLedger
    function settle(Settlement calldata s) external onlyMarket {
        address seller = s.seller;
        Purse p = _purse[seller].unhold(s.unhold).add(s.sellerGets);
        Outcome outcome = s.outcome;
        if (outcome == Outcome.Delivered) {
            p = _recordDelivery(seller, p, s.buyer, _z(s.value));
        } else if (outcome == Outcome.SellerDefault) {
            p = _recordSellerDefault(seller, p, _z(s.value));
        } else if (outcome == Outcome.BuyerDefault) {
            // Written before and read after: an account that is seller and buyer keeps its ban flag.
            _purse[seller] = p;
            _recordBuyerDefault(s.buyer, _z(s.value));
            p = _purse[seller];
        } else if (outcome == Outcome.Withdrawn) {
            p = _recordWithdrawal(seller, p);
        }
        _purse[seller] = p;
        uint256 amount = s.buyerGets;
        if (amount != 0) _purse[s.buyer] = _purse[s.buyer].add(amount);
        amount = s.treasuryGets;
        if (amount != 0) _purse[TREASURY] = _purse[TREASURY].add(amount);
    }

    /// @dev Eq 3 with f = 0 for the seller; eq 6 with p = 0 for the buyer, its growth by eq 5.
    function _recordDelivery(address seller, Purse p, address buyer, uint256 z) private returns (Purse) {
        Record r = _record[buyer];
        uint256 sales = p.sales().push(z);
        uint256 gain = CreditModel.weightE9(z, sales.sum(_WINDOW), _Z0);
        uint256 sellerCredit = _clamp(CreditModel.raised(p.sellerCreditE9(), gain, _K1_E9, _K2_E9));
        uint256 purchases = r.purchases().push(z);
        gain = CreditModel.buyerGainE9(z, purchases.sum(_WINDOW), _Z0, _PROFIT_E9);
        uint256 buyerCredit = _clamp(CreditModel.raised(r.buyerCreditE9(), gain, _T1_E9, _T2_E9));
        _record[buyer] = r.withBuying(buyerCredit, purchases);
        // One event for both: 1,000 gas less than two.
        emit DeliveryRecorded(
            seller,
            buyer,
            p.sellerCreditE9() |
                (sellerCredit << 40) |
                (r.buyerCreditE9() << 80) |
                (buyerCredit << 120) |
                (z << 160)
        );
        return p.withSelling(sellerCredit, sales);
    }

    /// @dev Eq 3 with s = 0, and the ban of eq 7.
    function _recordSellerDefault(address account, Purse p, uint256 z) private returns (Purse) {
        Record r = _record[account].withDefault();
        uint256 c = CreditModel.penaltyFactor(r.defaults());
        uint256 window = p.sales().push(z);
        uint256 old = p.sellerCreditE9();
        uint256 loss = CreditModel.weightE9(z, window.sum(_WINDOW), _Z0);
        uint256 credit = _clamp(CreditModel.lowered(old, loss, c, _K1_E9, _K2_E9));
        r = _ban(r, c, credit);
        _record[account] = r;
        _emitCredit(account, Cause.SellerDefault, old, credit, z);
        emit DefaultRecorded(account, Cause.SellerDefault, r.defaults(), r.bannedUntil());
        p = p.withSelling(credit, window);
        // slither-disable-next-line incorrect-equality -- zero says that there never was a ban
        return r.bannedUntil() == 0 ? p : p.withFlags(p.flags() | BANNED);
    }

    /// @dev Eq 6 with q = 0, and the ban of eq 7. Whom the DSO has suspended could not pay, so that is no default.
    function _recordBuyerDefault(address account, uint256 z) private {
        Purse p = _purse[account];
        if (p.flags() & SUSPENDED != 0) return;
        Record r = _record[account].withDefault();
        uint256 c = CreditModel.penaltyFactor(r.defaults());
        uint256 window = r.purchases().push(z);
        uint256 old = r.buyerCreditE9();
        uint256 loss = CreditModel.buyerLossE9(z, window.sum(_WINDOW), _PROFIT_E9);
        uint256 credit = _clamp(CreditModel.lowered(old, loss, c, _T1_E9, _T2_E9));
        r = _ban(r.withBuying(credit, window), c, credit);
        _record[account] = r;
        _emitCredit(account, Cause.BuyerDefault, old, credit, z);
        emit DefaultRecorded(account, Cause.BuyerDefault, r.defaults(), r.bannedUntil());
        if (r.bannedUntil() != 0) _purse[account] = p.withFlags(p.flags() | BANNED);
    }

    /// @dev A withdrawal weighs the same whatever the offer's size and counts as no default.
    function _recordWithdrawal(address account, Purse p) private returns (Purse) {
        if (_WITHDRAWAL_E9 == 0) return p;
        uint256 old = p.sellerCreditE9();
        uint256 credit = _clamp(CreditModel.lowered(old, _WITHDRAWAL_E9, 1, _K1_E9, _K2_E9));
        _emitCredit(account, Cause.Withdrawn, old, credit, 0);
        return p.withSelling(credit, p.sales());
    }

    /// @dev See {IEnergyLedger.CreditChanged}.
    function _emitCredit(address account, Cause cause, uint256 old, uint256 credit, uint256 z) private {
        emit CreditChanged(account, uint256(cause) | (old << 8) | (credit << 48) | (z << 88));
    }

    /// @dev The first k defaults bring no ban; a ban never shortens an earlier one.
    function _ban(Record r, uint256 c, uint256 creditE9) private view returns (Record) {
        if (r.defaults() <= _GRACE_DEFAULTS) return r;
        uint256 until = block.timestamp + CreditModel.banSeconds(c, creditE9, _BAN_UNIT, _MAX_BAN);
        if (until > type(uint32).max) until = type(uint32).max; // 2106
        return until > r.bannedUntil() ? r.withBan(until) : r;
    }

    /// @dev The account's slot 0, if the account may commit `amount` now.
    function _committable(address account, uint256 role, uint256 amount) private view returns (Purse p) {
        p = _purse[account];
        uint256 flags = p.flags();
        if (flags & (role | SUSPENDED | BANNED) != role) {
            // slither-disable-next-line incorrect-equality -- a bit of the flags, no balance
            if (flags & role == 0) revert EnergyLedger_RoleMissing(account, flags & ROLES, role);
            if (flags & SUSPENDED != 0) revert EnergyLedger_Suspended(account);
            uint256 until = _record[account].bannedUntil();
            if (block.timestamp < until) revert EnergyLedger_Banned(account, until);
            p = p.withFlags(flags & ~BANNED);
        }
        if (amount > p.available()) revert EnergyLedger_Insufficient(account, amount, p.available());
    }

    function _openPurse(address account) private view returns (Purse p) {
        p = _purse[account];
        // slither-disable-next-line incorrect-equality -- bits of the flags, no balance
        if (p.flags() & ROLES == 0) revert EnergyLedger_NotOpen(account);
    }

    /// @dev Money value to z, rounding down: a trade too small for one z unit earns nothing; saturates at 255.
    function _z(uint256 value) private view returns (uint256 z) {
        z = value / _Z_UNIT;
        if (z > WindowLib.MAX_Z) z = WindowLib.MAX_Z;
    }

    function _clamp(uint256 creditE9) private view returns (uint256) {
        if (creditE9 < _FLOOR_E9) return _FLOOR_E9;
        return creditE9 > _CEILING_E9 ? _CEILING_E9 : creditE9;
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEnergyLedger
    function accountOf(address account) external view returns (AccountView memory) {
        Purse p = _purse[account];
        Record r = _record[account];
        uint256 flags = p.flags();
        return
            AccountView({
                roles: flags & ROLES,
                open: flags & ROLES != 0,
                suspended: flags & SUSPENDED != 0,
                available: p.available(),
                held: p.held(),
                sellerCreditE9: p.sellerCreditE9(),
                buyerCreditE9: r.buyerCreditE9(),
                defaults: r.defaults(),
                bannedUntil: r.bannedUntil(),
                sales: p.sales(),
                purchases: r.purchases()
            });
    }

    /// @inheritdoc IEnergyLedger
    function mayCommit(address account, uint256 role) external view returns (bool) {
        uint256 flags = _purse[account].flags();
        if (flags & role != role || flags & SUSPENDED != 0) return false;
        // slither-disable-next-line incorrect-equality -- a bit of the flags, no balance
        return flags & BANNED == 0 || block.timestamp >= _record[account].bannedUntil();
    }

    /// @inheritdoc IEnergyLedger
    function openLimit(uint256 creditE9) public view returns (uint256) {
        if (creditE9 <= _FLOOR_E9) return _OPEN_BASE;
        unchecked {
            // Safe: base and slope are below 2**64, credit below 2**40 wherever it comes from an account.
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
        return
            market != address(0) &&
            (market == _MARKET_0 || market == _MARKET_1 || market == _MARKET_2 || market == _MARKET_3);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("EnergyLedger", "1");
    }
}
