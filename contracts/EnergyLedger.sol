// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {ReentrancyGuard} from "solady/src/utils/ReentrancyGuard.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";
import {SignatureCheckerLib} from "solady/src/utils/SignatureCheckerLib.sol";
import {
    AccountAttestation,
    AccountView,
    Cause,
    CreditParameters,
    IEnergyLedger,
    LedgerParameters,
    Settlement
} from "./interfaces/IEnergyLedger.sol";
import {CreditModel} from "./libraries/CreditModel.sol";
import {Range} from "./libraries/Range.sol";
import {Purse, PurseLib, Record, RecordLib} from "./types/Account.sol";

/// @title Energy ledger
/// @notice The rules are told in {IEnergyLedger}.
contract EnergyLedger is IEnergyLedger, Ownable2Step, EIP712, ReentrancyGuard {
    uint256 private constant PRODUCER = 1;
    uint256 private constant CONSUMER = 2;
    uint256 private constant ROLES = PRODUCER | CONSUMER;
    uint256 private constant SUSPENDED = 4;
    /// @dev Set in every account and in the treasury, so that their slots are never zero and cost 5,000 to change.
    uint256 private constant KNOWN = 8;

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "AccountAttestation(address account,uint256 roles,bytes32 certificateHash,bytes identityCiphertext,uint256 deadline)"
    );

    /// @inheritdoc IEnergyLedger
    address public immutable ASSET;
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

    constructor(LedgerParameters memory p) Ownable(p.owner) {
        if (p.pkg == address(0)) revert EnergyLedger_ZeroAddress("pkg");
        if (p.treasury == address(0)) revert EnergyLedger_ZeroAddress("treasury");
        if (p.asset != address(0) && p.asset.code.length == 0) revert EnergyLedger_AssetWithoutCode(p.asset);
        Range.check("markets.length", p.markets.length, 1, 4);
        for (uint256 i = 0; i < p.markets.length; ++i) {
            if (p.markets[i] == address(0)) revert EnergyLedger_ZeroAddress("market");
        }
        ASSET = p.asset;
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
        _WINDOW = Range.check("window", c.window, 1, RecordLib.MAX_WINDOW);
        _Z_UNIT = Range.check("zUnit", c.zUnit, 1, type(uint88).max);
        _FLOOR_E9 = Range.check("floorE9", c.floorE9, 1, 1e12);
        _CEILING_E9 = Range.check("ceilingE9", c.ceilingE9, c.floorE9, 1e12);
        _WITHDRAWAL_E9 = Range.check("withdrawalE9", c.withdrawalE9, 0, e9);
        _GRACE_DEFAULTS = Range.check("graceDefaults", c.graceDefaults, 0, 100);
        _BAN_UNIT = Range.check("banUnit", c.banUnit, 60, type(uint32).max);
        _MAX_BAN = Range.check("maxBan", c.maxBan, c.banUnit, 3650 days);
        _OPEN_BASE = Range.check("openBase", c.openBase, 1, type(uint88).max);
        _OPEN_PER_CREDIT = Range.check("openPerCredit", c.openPerCredit, 0, type(uint88).max);

        pkg = p.pkg;
        emit PkgChanged(address(0), p.pkg);
        _purse[p.treasury] = Purse.wrap(0).withFlags(KNOWN);
    }

    // ---------------------------------------------------------------- accounts

    /// @inheritdoc IEnergyLedger
    function openAccount(AccountAttestation calldata a, bytes calldata signature) external {
        if (block.timestamp >= a.deadline) revert EnergyLedger_AttestationExpired(block.timestamp, a.deadline);
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
        if (!SignatureCheckerLib.isValidSignatureNowCalldata(pkg, digest, signature)) {
            revert EnergyLedger_BadAttestation(a.account, pkg);
        }
        _purse[a.account] = p.withFlags(p.flags() | KNOWN | a.roles).withSellerCredit(_FLOOR_E9);
        _record[a.account] = Record.wrap(0).withBuyerCredit(_FLOOR_E9);
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
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        if (ASSET == address(0)) revert EnergyLedger_NoPermit();
        // A permit used by a front-runner leaves the same allowance, so a failure here decides nothing.
        try IERC20Permit(ASSET).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
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
        if (ASSET == address(0)) SafeTransferLib.safeTransferETH(to, amount);
        else SafeTransferLib.safeTransfer(ASSET, to, amount);
    }

    /// @dev Under the guard of its callers: the balance is read before and after the asset's own code runs, and no
    /// other function of the ledger changes it.
    function _deposit(address account, uint256 amount) private {
        _openPurse(account);
        if (amount == 0) revert EnergyLedger_ZeroAmount();
        uint256 balance;
        if (ASSET == address(0)) {
            if (msg.value != amount) revert EnergyLedger_WrongValue(msg.value, amount);
            balance = address(this).balance;
        } else {
            if (msg.value != 0) revert EnergyLedger_WrongValue(msg.value, 0);
            uint256 balanceBefore = SafeTransferLib.balanceOf(ASSET, address(this));
            SafeTransferLib.safeTransferFrom(ASSET, msg.sender, address(this), amount);
            balance = SafeTransferLib.balanceOf(ASSET, address(this));
            uint256 received = balance < balanceBefore ? 0 : balance - balanceBefore;
            if (received < amount) revert EnergyLedger_ReceivedLess(received, amount);
        }
        if (balance > PurseLib.MAX_AMOUNT) revert EnergyLedger_TooMuch(balance, PurseLib.MAX_AMOUNT);
        // Read after the asset's code ran: a hostile token may have traded in between.
        _purse[account] = _purse[account].add(amount);
        emit Deposited(account, msg.sender, amount);
    }

    // ---------------------------------------------------------------- markets

    /// @inheritdoc IEnergyLedger
    function commit(address seller, uint256 guarantee, address buyer, uint256 payment) external onlyMarket {
        if (seller != address(0)) {
            Purse p = _committable(seller, PRODUCER, guarantee);
            uint256 limit = openLimit(p.sellerCreditE9());
            uint256 held = p.held() + guarantee;
            if (held > limit) revert EnergyLedger_OverCreditLimit(seller, held, limit);
            _purse[seller] = p.hold(guarantee);
        }
        if (buyer != address(0)) {
            _purse[buyer] = _committable(buyer, CONSUMER, payment).sub(payment);
        }
    }

    /// @inheritdoc IEnergyLedger
    function settle(Settlement calldata s) external onlyMarket {
        Purse seller = _purse[s.seller].unhold(s.unhold).add(s.sellerGets);
        if (s.cause == Cause.Delivered) {
            seller = _recordDelivery(s, seller);
        } else if (s.cause == Cause.SellerDefault) {
            seller = _recordSellerDefault(s.seller, seller, _z(s.value));
        } else if (s.cause == Cause.BuyerDefault) {
            _recordBuyerDefault(s.buyer, _z(s.value));
        } else if (s.cause == Cause.Withdrawn) {
            seller = _recordWithdrawal(s.seller, seller);
        }
        _purse[s.seller] = seller;
        if (s.buyerGets != 0) _purse[s.buyer] = _purse[s.buyer].add(s.buyerGets);
        if (s.treasuryGets != 0) _purse[TREASURY] = _purse[TREASURY].add(s.treasuryGets);
    }

    /// @dev Both credits rise (eqs 3 and 6 with f = p = 0).
    function _recordDelivery(Settlement calldata s, Purse seller) private returns (Purse) {
        uint256 z = _z(s.value);

        Record r = _record[s.seller];
        uint256 old = _standing(seller, r);
        r = r.push(z);
        uint256 gain = CreditModel.weightE9(z, r.sum(_WINDOW), _Z0);
        seller = seller.withSellerCredit(_clamp(CreditModel.raised(seller.sellerCreditE9(), gain, _K1_E9, _K2_E9)));
        _record[s.seller] = r;
        emit StandingChanged(s.seller, Cause.Delivered, old, _standing(seller, r));

        Purse buyer = _purse[s.buyer];
        r = _record[s.buyer];
        old = _standing(buyer, r);
        r = r.push(z);
        gain = (_PROFIT_E9 * CreditModel.weightE9(z, r.sum(_WINDOW), _Z0)) / CreditModel.E9; // eq 5
        r = r.withBuyerCredit(_clamp(CreditModel.raised(r.buyerCreditE9(), gain, _T1_E9, _T2_E9)));
        _record[s.buyer] = r;
        emit StandingChanged(s.buyer, Cause.Delivered, old, _standing(buyer, r));
        return seller;
    }

    /// @dev Eq 3 with s = 0, and the ban of eq 7.
    function _recordSellerDefault(address account, Purse seller, uint256 z) private returns (Purse) {
        Record r = _record[account];
        uint256 old = _standing(seller, r);
        r = r.push(z).withDefault();
        uint256 c = CreditModel.penaltyFactor(r.defaults());
        uint256 loss = CreditModel.weightE9(z, r.sum(_WINDOW), _Z0);
        uint256 credit = _clamp(CreditModel.lowered(seller.sellerCreditE9(), loss, c, _K1_E9, _K2_E9));
        seller = _ban(seller.withSellerCredit(credit), r.defaults(), c, credit);
        _record[account] = r;
        emit StandingChanged(account, Cause.SellerDefault, old, _standing(seller, r));
        return seller;
    }

    /// @dev Eq 6 with q = 0, and the ban of eq 7.
    function _recordBuyerDefault(address account, uint256 z) private {
        Purse buyer = _purse[account];
        Record r = _record[account];
        uint256 old = _standing(buyer, r);
        r = r.push(z).withDefault();
        uint256 c = CreditModel.penaltyFactor(r.defaults());
        uint256 loss = CreditModel.buyerLossE9(z, r.sum(_WINDOW), _PROFIT_E9);
        uint256 credit = _clamp(CreditModel.lowered(r.buyerCreditE9(), loss, c, _T1_E9, _T2_E9));
        r = r.withBuyerCredit(credit);
        buyer = _ban(buyer, r.defaults(), c, credit);
        _record[account] = r;
        _purse[account] = buyer;
        emit StandingChanged(account, Cause.BuyerDefault, old, _standing(buyer, r));
    }

    /// @dev A withdrawal weighs the same whatever the offer's size and counts as no default.
    function _recordWithdrawal(address account, Purse seller) private returns (Purse) {
        if (_WITHDRAWAL_E9 == 0) return seller;
        Record r = _record[account];
        uint256 old = _standing(seller, r);
        seller = seller.withSellerCredit(
            _clamp(CreditModel.lowered(seller.sellerCreditE9(), _WITHDRAWAL_E9, 1, _K1_E9, _K2_E9))
        );
        emit StandingChanged(account, Cause.Withdrawn, old, _standing(seller, r));
        return seller;
    }

    /// @dev The first k defaults bring no ban; a ban never shortens an earlier one.
    function _ban(Purse p, uint256 n, uint256 c, uint256 creditE9) private view returns (Purse) {
        if (n <= _GRACE_DEFAULTS) return p;
        uint256 until = block.timestamp + CreditModel.banSeconds(c, creditE9, _BAN_UNIT, _MAX_BAN);
        if (until > type(uint32).max) until = type(uint32).max; // 2106
        return until > p.bannedUntil() ? p.withBan(until) : p;
    }

    /// @dev The account's slot 0, if the account may commit `amount` now.
    function _committable(address account, uint256 role, uint256 amount) private view returns (Purse p) {
        p = _purse[account];
        uint256 flags = p.flags();
        if (flags & role == 0) revert EnergyLedger_RoleMissing(account, flags & ROLES, role);
        if (flags & SUSPENDED != 0) revert EnergyLedger_Suspended(account);
        if (block.timestamp < p.bannedUntil()) revert EnergyLedger_Banned(account, p.bannedUntil());
        if (amount > p.available()) revert EnergyLedger_Insufficient(account, amount, p.available());
    }

    function _openPurse(address account) private view returns (Purse p) {
        p = _purse[account];
        if (p.flags() & ROLES == 0) revert EnergyLedger_NotOpen(account);
    }

    /// @dev Money value to z units, rounding down: a trade too small for one unit earns nothing, so splitting does
    /// not pay; saturates at 4,095.
    function _z(uint256 value) private view returns (uint256 z) {
        z = value / _Z_UNIT;
        if (z > RecordLib.MAX_Z) z = RecordLib.MAX_Z;
    }

    function _clamp(uint256 creditE9) private view returns (uint256) {
        if (creditE9 < _FLOOR_E9) return _FLOOR_E9;
        return creditE9 > _CEILING_E9 ? _CEILING_E9 : creditE9;
    }

    /// @dev See {IEnergyLedger.StandingChanged}.
    function _standing(Purse p, Record r) private pure returns (uint256) {
        return p.sellerCreditE9() | (r.buyerCreditE9() << 40) | (p.bannedUntil() << 80) | (r.defaults() << 112)
            | (r.window() << 128);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEnergyLedger
    function accountOf(address account) external view returns (AccountView memory) {
        Purse p = _purse[account];
        Record r = _record[account];
        uint256 flags = p.flags();
        return AccountView({
            roles: flags & ROLES,
            open: flags & ROLES != 0,
            suspended: flags & SUSPENDED != 0,
            available: p.available(),
            held: p.held(),
            sellerCreditE9: p.sellerCreditE9(),
            buyerCreditE9: r.buyerCreditE9(),
            defaults: r.defaults(),
            bannedUntil: p.bannedUntil(),
            window: r.window()
        });
    }

    /// @inheritdoc IEnergyLedger
    function openLimit(uint256 creditE9) public view returns (uint256) {
        uint256 above = creditE9 > _FLOOR_E9 ? creditE9 - _FLOOR_E9 : 0;
        return _OPEN_BASE + (_OPEN_PER_CREDIT * above) / CreditModel.E9;
    }

    /// @inheritdoc IEnergyLedger
    function creditParameters() external view returns (CreditParameters memory) {
        return CreditParameters({
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
        return market != address(0)
            && (market == _MARKET_0 || market == _MARKET_1 || market == _MARKET_2 || market == _MARKET_3);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("EnergyLedger", "1");
    }
}
