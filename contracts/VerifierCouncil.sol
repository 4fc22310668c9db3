// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {BlockHashLib} from "solady/src/utils/BlockHashLib.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {CouncilParameters, IVerifierCouncil} from "./interfaces/IVerifierCouncil.sol";
import {ClusterDraw} from "./libraries/ClusterDraw.sol";
import {Range} from "./libraries/Range.sol";
import {Admission, CouncilHash, MemberState, MemberView, Seat, SeatLib} from "./types/Council.sol";
import {LanesLib} from "./types/Lanes.sol";

/// @title Verifier council
/// @notice Specified in {IVerifierCouncil}.
contract VerifierCouncil is IVerifierCouncil, EIP712 {
    using SeatLib for Seat;

    uint256 private constant MAX_MEMBERS = 96;
    uint256 private constant MAX_SET = 16;
    /// @dev Standing of a new member, the least of one who may be drawn, and the most.
    uint256 private constant FIRST_SCORE = 16;
    uint256 private constant LEAST_SCORE = 8;
    uint256 private constant MAX_SCORE = 64;
    /// @dev What a proven fault of quality x = -2 takes: x of a peer, x**3 of a leader (eq 2, made additive).
    uint256 private constant PEER_FAULT = 2;
    uint256 private constant LEADER_FAULT = 8;
    uint256 private constant NOBODY = type(uint256).max;
    /// @dev Slots in a row that a cluster serves. They are mostly made final at once, and have one leader to
    /// pay.
    uint256 private constant SERVED = 4;

    IEnergyLedger private immutable _LEDGER;
    address private immutable _SLOT_MARKET;
    address private immutable _FOUNDER;
    uint256 private immutable _MIN_STAKE;
    uint256 private immutable _SLASH;
    uint256 private immutable _CLUSTER;
    uint256 private immutable _QUORUM;
    uint256 private immutable _VERIFIERS;
    uint256 private immutable _TURN;
    uint256 private immutable _UNBONDING;
    uint256 private immutable _RESEED;

    /// @dev slot 0: what the clusters are drawn from. | list 160 | verifier set, a bitmap of places 96 |
    address private _list;
    uint96 private _verifierPlaces;
    /// @dev slot 1
    bytes32 private _seed;
    /// @dev slot 2: the newest list, which the next draw is from. | nextList 160 | seedBlock 64 |
    address private _nextList;
    uint64 private _seedBlock;
    /// @dev slot 3: | version 64 | drawnAt 64 | turns used 64 | registrarNonce 64 |
    uint64 private _version;
    uint64 private _drawnAt;
    uint64 private _turnsUsed;
    uint64 private _registrarNonce;

    mapping(address account => Seat) private _seat;

    modifier onlySlotMarket() {
        if (msg.sender != _SLOT_MARKET) {
            revert VerifierCouncil_NotSlotMarket(msg.sender);
        }
        _;
    }

    /// @notice Deploys a council without members.
    /// @dev Reverts: {Range_Outside}.
    /// @param p The parameters, each within the range that {CouncilParameters} states.
    constructor(CouncilParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _SLOT_MARKET = p.slotMarket;
        _FOUNDER = p.founder;
        _MIN_STAKE = Range.check("minStake", p.minStake, 1, LanesLib.MAX);
        _SLASH = Range.check("slash", p.slash, 1, LanesLib.MAX);
        _CLUSTER = Range.check("clusterSize", p.clusterSize, 1, MAX_SET);
        _QUORUM = Range.check("quorum", p.quorum, 1, p.clusterSize);
        _VERIFIERS = Range.check("verifierSize", p.verifierSize, 1, MAX_SET);
        _TURN = Range.check("turn", p.turn, 1, 1 days);
        _UNBONDING = Range.check("unbonding", p.unbonding, 1 minutes, 366 days);
        _RESEED = Range.check("reseed", p.reseed, 1 minutes, 366 days);
    }

    // ---------------------------------------------------------------- joining

    /// @inheritdoc IVerifierCouncil
    function requestJoin(uint256 feeder, bytes32 certificateHash, uint256 stake) external {
        if (feeder > type(uint16).max) {
            revert VerifierCouncil_BadFeeder(feeder, type(uint16).max);
        }
        if (stake < _MIN_STAKE || stake > LanesLib.MAX) {
            revert VerifierCouncil_BadStake(stake, _MIN_STAKE, LanesLib.MAX);
        }
        Seat memory seat = _seatIn(msg.sender, MemberState.None);
        seat.stake = uint64(stake);
        seat.feeder = uint16(feeder);
        seat.score = uint8(FIRST_SCORE);
        seat.state = MemberState.Candidate;
        _seat[msg.sender] = seat;
        emit Applied(msg.sender, feeder, certificateHash, stake);
        // slither-disable-next-line unused-return -- no meter is asked for
        _LEDGER.commit(address(0), msg.sender, false, 0, stake);
    }

    /// @inheritdoc IVerifierCouncil
    function withdrawRequest() external {
        Seat memory seat = _seatIn(msg.sender, MemberState.Candidate);
        emit ApplicationWithdrawn(msg.sender);
        _giveBack(msg.sender, seat);
    }

    /// @inheritdoc IVerifierCouncil
    function found(address[] calldata candidates) external {
        bytes memory list = _latest();
        uint256 count = list.length / ClusterDraw.ENTRY;
        if (msg.sender != _FOUNDER || count >= _VERIFIERS + _CLUSTER) {
            revert VerifierCouncil_NotFounder(msg.sender, count, _VERIFIERS + _CLUSTER);
        }
        for (uint256 i = 0; i < candidates.length; ++i) {
            list = _seated(list, candidates[i]);
        }
        _schedule(list);
    }

    /// @inheritdoc IVerifierCouncil
    function decide(Admission calldata a, uint256 peers, bytes calldata signatures) external {
        if (_seedBlock != 0) {
            revert VerifierCouncil_RedrawPending(_seedBlock);
        }
        if (a.version != _version) {
            revert VerifierCouncil_WrongVersion(a.version, _version);
        }
        _checkDecision(a.leader, _hashTypedData(CouncilHash.admission(a)), peers, signatures);
        Seat memory seat = _seatIn(a.candidate, MemberState.Candidate);
        if (a.feeder != seat.feeder) {
            revert VerifierCouncil_WrongFeeder(a.feeder, seat.feeder);
        }
        if (bytes(a.reason).length != 0) {
            emit Declined(a.candidate, a.reason);
            _giveBack(a.candidate, seat);
        } else {
            _schedule(_seated(_read(_list), a.candidate));
        }
    }

    /// @dev Conditions 1 and 2 of the paper: the leader of the turn submits, and nothing else in that turn.
    function _checkDecision(address named, bytes32 digest, uint256 peers, bytes calldata signatures) private {
        address[] memory set = verifiers();
        // slither-disable-next-line incorrect-equality -- an array has no length between
        if (set.length == 0) {
            revert VerifierCouncil_TooFew(0, _VERIFIERS);
        }
        uint256 turn = currentTurn();
        // slither-disable-next-line weak-prng -- eq 1 counts turns; it is no lottery
        uint256 place = turn % set.length;
        if (msg.sender != set[place] || named != set[place]) {
            revert VerifierCouncil_NotLeader(msg.sender, set[place]);
        }
        if (turn < _turnsUsed) {
            revert VerifierCouncil_TurnUsed(turn);
        }
        _turnsUsed = uint64(turn + 1);
        _checkSigned(set, place, (2 * set.length + 2) / 3, digest, peers, signatures);
    }

    /// @dev Makes a candidate a member. Reverts: {VerifierCouncil_WrongState}, {VerifierCouncil_TooMany}.
    /// @param list The packed list.
    /// @param account The candidate.
    /// @return The list with the member in its place.
    function _seated(bytes memory list, address account) private returns (bytes memory) {
        Seat memory seat = _seatIn(account, MemberState.Candidate);
        uint256 count = list.length / ClusterDraw.ENTRY;
        // slither-disable-next-line incorrect-equality -- the list grows by one
        if (count == MAX_MEMBERS) {
            revert VerifierCouncil_TooMany(count + 1, MAX_MEMBERS);
        }
        _seat[account].state = MemberState.Member;
        emit Admitted(account, seat.feeder, _version + 1);
        uint256 place = 0;
        while (place < count && _isBefore(list, place, seat.feeder, account)) {
            ++place;
        }
        bytes memory entry = abi.encodePacked(seat.feeder, account);
        return bytes.concat(_slice(list, 0, place), entry, _slice(list, place, count));
    }

    // ---------------------------------------------------------------- drawing

    /// @inheritdoc IVerifierCouncil
    function redraw() external {
        uint256 named = _seedBlock;
        // slither-disable-next-line incorrect-equality -- zero says that no draw is due
        if (named == 0) {
            uint256 earliest = _drawnAt + _RESEED;
            if (_list == address(0) || block.timestamp < earliest) {
                revert VerifierCouncil_TooEarly(block.timestamp, earliest);
            }
            _name(_version);
            return;
        }
        if (block.number <= named) {
            revert VerifierCouncil_TooEarly(block.number, named + 1);
        }
        _draw(named);
    }

    /// @dev Draws both sets from a block that has passed, or names another if its hash is gone.
    function _draw(uint256 named) private {
        bytes32 hash = BlockHashLib.blockHash(named);
        // slither-disable-next-line incorrect-equality -- zero says that there is no hash
        if (hash == 0) {
            _name(_version);
            return;
        }
        address pointer = _nextList;
        bytes32 seed = keccak256(abi.encode(hash, _version));
        bytes memory stored = _stored(pointer);
        uint256 count = ClusterDraw.countOf(stored);
        uint256[] memory places = ClusterDraw.draw(stored, 0, seed, count < _VERIFIERS ? count : _VERIFIERS);
        uint256 set = 0;
        for (uint256 i = 0; i < places.length; ++i) {
            set |= 1 << places[i];
        }
        (_list, _verifierPlaces) = (pointer, uint96(set));
        _seed = seed;
        _seedBlock = 0;
        (_drawnAt, _turnsUsed) = (uint64(block.timestamp), 0);
        emit Redrawn(_version, seed, set);
    }

    /// @dev Stores a new list, from which the sets are drawn with the hash of the next block: whoever changes
    /// the list cannot know it.
    function _schedule(bytes memory list) private {
        _nextList = SSTORE2.write(ClusterDraw.withDirectory(list));
        uint64 next = _version + 1;
        _version = next;
        _name(next);
    }

    /// @dev Names the block that the next seed comes from.
    function _name(uint256 number) private {
        uint256 named = block.number + 1;
        _seedBlock = uint64(named);
        emit RedrawScheduled(number, named);
    }

    // ---------------------------------------------------------------- leaving

    /// @inheritdoc IVerifierCouncil
    function resign() external {
        _remove(msg.sender, _seatIn(msg.sender, MemberState.Member));
    }

    /// @inheritdoc IVerifierCouncil
    function expel(address member) external {
        Seat memory seat = _seatIn(member, MemberState.Member);
        if (seat.stake >= _MIN_STAKE && seat.score >= LEAST_SCORE) {
            revert VerifierCouncil_InGoodStanding(member, seat.stake, seat.score);
        }
        _remove(member, seat);
    }

    /// @dev Takes a member out of the list. A draw that is due comes first: else a member could look at it
    /// and have it thrown again by leaving.
    function _remove(address member, Seat memory seat) private {
        if (_seedBlock != 0 && block.number > _seedBlock) {
            _draw(_seedBlock);
        }
        seat.state = MemberState.Leaving;
        seat.leaveAt = uint40(block.timestamp + _UNBONDING);
        _seat[member] = seat;
        emit Left(member, seat.leaveAt);
        bytes memory list = _latest();
        uint256 count = list.length / ClusterDraw.ENTRY;
        uint256 place = 0;
        while (ClusterDraw.memberAt(list, place) != member) {
            ++place; // A member is in the list.
        }
        _schedule(bytes.concat(_slice(list, 0, place), _slice(list, place + 1, count)));
    }

    /// @inheritdoc IVerifierCouncil
    function takeStake() external {
        Seat memory seat = _seatIn(msg.sender, MemberState.Leaving);
        if (block.timestamp < seat.leaveAt) {
            revert VerifierCouncil_TooEarly(block.timestamp, seat.leaveAt);
        }
        _giveBack(msg.sender, seat);
    }

    /// @inheritdoc IVerifierCouncil
    function collect() external returns (uint256 amount) {
        amount = _seat[msg.sender].owed;
        // slither-disable-next-line incorrect-equality -- nothing is owed, or something is
        if (amount == 0) {
            revert VerifierCouncil_NothingOwed(msg.sender);
        }
        _seat[msg.sender].owed = 0;
        emit Collected(msg.sender, amount);
        _LEDGER.settle(Settlement(msg.sender, 0, amount, address(0), 0, Outcome.None, 0, 0, 0));
    }

    /// @dev Ends a seat: the stake is owed to its owner.
    function _giveBack(address account, Seat memory seat) private {
        uint256 stake = seat.stake;
        _seat[account] = Seat(0, uint64(seat.owed + stake), 0, 0, 0, 0, MemberState.None);
        emit Credited(account, stake);
    }

    // ---------------------------------------------------------------- registrar

    /// @inheritdoc IVerifierCouncil
    function act(bytes calldata action, uint256 deadline, uint256 peers, bytes calldata signatures) external {
        if (block.timestamp >= deadline) {
            revert VerifierCouncil_Expired(block.timestamp, deadline);
        }
        bytes4 selector = bytes4(action);
        // The council is a market, too: a call that moves money must never pass here.
        if (
            selector != IMeterRegistry.registerMeter.selector &&
            selector != IMeterRegistry.removeMeter.selector &&
            selector != IMeterRegistry.publishKeyRoot.selector &&
            selector != IMeterRegistry.revokeKeyRoot.selector &&
            selector != IEnergyLedger.suspend.selector &&
            selector != IEnergyLedger.reinstate.selector &&
            selector != IEnergyLedger.liftBan.selector &&
            selector != IEnergyLedger.setPkg.selector &&
            selector != Ownable2Step.acceptOwnership.selector &&
            selector != Ownable2Step.transferOwnership.selector
        ) {
            revert VerifierCouncil_NotRegistrars(selector);
        }
        address[] memory set = verifiers();
        uint256 nonce = _registrarNonce++;
        bytes32 digest = _hashTypedData(CouncilHash.registration(action, nonce, deadline));
        // With no verifier set there would be no signature to ask for.
        // slither-disable-next-line incorrect-equality -- an array has no length between
        uint256 needed = set.length == 0 ? _VERIFIERS : (2 * set.length + 2) / 3;
        _checkSigned(set, NOBODY, needed, digest, peers, signatures);
        emit ActedAsRegistrar(nonce, action);
        // slither-disable-next-line low-level-calls -- the ledger decodes it, and calls nobody
        (bool ok, bytes memory answer) = address(_LEDGER).call(action);
        if (!ok) {
            revert VerifierCouncil_ActFailed(answer);
        }
    }

    // ---------------------------------------------------------------- slot market

    /// @inheritdoc IVerifierCouncil
    function slash(address[] calldata guilty, address wronged) external onlySlotMarket {
        uint256 total = 0;
        for (uint256 i = 0; i < guilty.length; ++i) {
            address member = guilty[i];
            Seat memory seat = _seat[member];
            uint256 amount = seat.stake < _SLASH ? seat.stake : _SLASH;
            uint256 fault = i == 0 ? LEADER_FAULT : PEER_FAULT;
            seat.stake = uint64(seat.stake - amount);
            seat.score = uint8(seat.score < fault ? 0 : seat.score - fault);
            _seat[member] = seat;
            total += amount;
            emit Slashed(member, amount, seat.score);
        }
        uint256 half = (total + 1) / 2;
        _credit(wronged, half);
        _credit(_LEDGER.TREASURY(), total - half);
    }

    /// @inheritdoc IVerifierCouncil
    function reward(address[] calldata earners, uint256[] calldata fees) external onlySlotMarket {
        // Safe: the market gives a fee for each.
        uint256 today = block.timestamp / 1 days;
        for (uint256 i = 0; i < earners.length; ++i) {
            _seat[earners[i]].rewarded(fees[i], today, MAX_SCORE);
        }
    }

    /// @dev What an account is owed stays below 2**64: it is a part of the units in the ledger.
    function _credit(address account, uint256 amount) private {
        if (amount != 0) {
            _seat[account].owed += uint64(amount);
            emit Credited(account, amount);
        }
    }

    /// @inheritdoc IVerifierCouncil
    function verify(
        uint256 slot,
        uint256 turn,
        address leader,
        bytes32 digest,
        uint256 peers,
        bytes calldata signatures
    ) external view returns (bytes32) {
        uint256 place = turn % _CLUSTER;
        // Members are drawn one after another: those behind the last signer are not needed.
        uint256 last = LibBit.fls((peers & ((1 << _CLUSTER) - 1)) | (1 << place));
        address[] memory cluster = _clusterOf(slot, turn, last + 1);
        if (cluster[place] != leader) {
            revert VerifierCouncil_NotLeader(leader, cluster[place]);
        }
        return _checkSigned(cluster, place, _QUORUM, digest, peers, signatures);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IVerifierCouncil
    function clusterOf(uint256 slot, uint256 turn) external view returns (address[] memory) {
        return _clusterOf(slot, turn, _CLUSTER);
    }

    /// @dev The first members of a slot's cluster. Reverts: {VerifierCouncil_TooFew}.
    function _clusterOf(uint256 slot, uint256 turn, uint256 count) private view returns (address[] memory) {
        bytes memory stored = _stored(_list);
        uint256 excluded = _verifierPlaces;
        uint256 needed = _CLUSTER + LibBit.popCount(excluded);
        if (ClusterDraw.countOf(stored) < needed) {
            revert VerifierCouncil_TooFew(ClusterDraw.countOf(stored), _VERIFIERS + _CLUSTER);
        }
        bytes32 seed = EfficientHashLib.hash(_seed, bytes32(slot / SERVED), bytes32(turn / _CLUSTER));
        uint256[] memory places = ClusterDraw.draw(stored, excluded, seed, count);
        return ClusterDraw.accountsAt(ClusterDraw.withoutDirectory(stored), places);
    }

    /// @inheritdoc IVerifierCouncil
    function verifiers() public view returns (address[] memory set) {
        bytes memory list = _read(_list);
        uint256 places = _verifierPlaces;
        uint256 count = list.length / ClusterDraw.ENTRY;
        set = new address[](count);
        uint256 found_ = 0;
        for (uint256 i = 0; i < count; ++i) {
            if ((places >> i) & 1 == 1) {
                set[found_++] = ClusterDraw.memberAt(list, i);
            }
        }
        // Safe: the length becomes smaller.
        assembly ("memory-safe") {
            mstore(set, found_)
        }
    }

    /// @inheritdoc IVerifierCouncil
    function currentTurn() public view returns (uint256) {
        return (block.timestamp - _drawnAt) / _TURN;
    }

    /// @inheritdoc IVerifierCouncil
    function memberOf(address account) external view returns (MemberView memory) {
        Seat memory s = _seat[account];
        return MemberView(s.state, s.stake, s.owed, s.score, s.feeder, s.leaveAt);
    }

    /// @inheritdoc IVerifierCouncil
    function members() external view returns (address[] memory accounts) {
        bytes memory list = _read(_list);
        accounts = new address[](list.length / ClusterDraw.ENTRY);
        for (uint256 i = 0; i < accounts.length; ++i) {
            accounts[i] = ClusterDraw.memberAt(list, i);
        }
    }

    /// @inheritdoc IVerifierCouncil
    function version() external view returns (uint256) {
        return _version;
    }

    /// @inheritdoc IVerifierCouncil
    function registrarNonce() external view returns (uint256) {
        return _registrarNonce;
    }

    /// @inheritdoc IVerifierCouncil
    function seedBlock() external view returns (uint256) {
        return _seedBlock;
    }

    /// @inheritdoc IVerifierCouncil
    function councilParameters() external view returns (CouncilParameters memory) {
        return
            CouncilParameters({
                ledger: address(_LEDGER),
                slotMarket: _SLOT_MARKET,
                founder: _FOUNDER,
                minStake: _MIN_STAKE,
                slash: _SLASH,
                clusterSize: _CLUSTER,
                quorum: _QUORUM,
                verifierSize: _VERIFIERS,
                turn: _TURN,
                unbonding: _UNBONDING,
                reseed: _RESEED
            });
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Checks signatures of a set. Reverts: {VerifierCouncil_BadSignature}, {VerifierCouncil_NoQuorum}.
    /// @param set The members.
    /// @param leader Place of the member that needs no signature; NOBODY: every signer signs.
    /// @param needed How many signers there must be, the leader included.
    /// @return signers keccak256 of the signers: the leader, then the others.
    function _checkSigned(
        address[] memory set,
        uint256 leader,
        uint256 needed,
        bytes32 digest,
        uint256 peers,
        bytes calldata signatures
    ) private view returns (bytes32 signers) {
        uint256 count = 0;
        // The signers, in memory behind what is in use.
        address[] memory who = new address[](set.length);
        if (leader != NOBODY) {
            who[count++] = set[leader];
        }
        uint256 next = 0;
        for (uint256 i = 0; i < set.length; ++i) {
            if ((peers >> i) & 1 == 0) {
                continue;
            }
            address member = set[i];
            bool complete = signatures.length >= next + 64;
            bytes32 r;
            bytes32 vs;
            // Safe: what is read behind the signatures does not count.
            assembly ("memory-safe") {
                r := calldataload(add(signatures.offset, next))
                vs := calldataload(add(add(signatures.offset, next), 32))
            }
            next += 64;
            // Safe: no member has the account zero, which a bad signature leads to.
            // slither-disable-next-line incorrect-equality -- places are counted from zero
            if (i == leader || !complete || ECDSA.tryRecover(digest, r, vs) != member) {
                revert VerifierCouncil_BadSignature(i);
            }
            who[count++] = member;
        }
        if (count < needed) {
            revert VerifierCouncil_NoQuorum(count, needed);
        }
        // Safe: the members in memory stand in a row behind the length.
        assembly ("memory-safe") {
            signers := keccak256(add(who, 0x20), shl(5, count))
        }
    }

    /// @dev The seat of an account, which must stand where it is needed.
    function _seatIn(address account, MemberState needed) private view returns (Seat memory seat) {
        seat = _seat[account];
        if (seat.state != needed) {
            revert VerifierCouncil_WrongState(account, uint256(seat.state), uint256(needed));
        }
    }

    /// @dev The newest list, which the sets may not be drawn from yet.
    function _latest() private view returns (bytes memory) {
        return _read(_nextList);
    }

    /// @dev The packed members of a stored list.
    function _read(address pointer) private view returns (bytes memory) {
        return ClusterDraw.withoutDirectory(_stored(pointer));
    }

    /// @dev A stored list behind its directory; one without feeders if there is none.
    function _stored(address pointer) private view returns (bytes memory) {
        return pointer == address(0) ? bytes(hex"00") : SSTORE2.read(pointer);
    }

    /// @dev Whether the member at a place comes before another in the order of the list.
    function _isBefore(
        bytes memory list,
        uint256 place,
        uint256 feeder,
        address account
    ) private pure returns (bool) {
        uint256 other = ClusterDraw.feederAt(list, place);
        // slither-disable-next-line incorrect-equality -- feeders are numbers, not balances
        return other < feeder || (other == feeder && ClusterDraw.memberAt(list, place) < account);
    }

    /// @dev The members of a list from one place up to another.
    function _slice(bytes memory list, uint256 from, uint256 to) private pure returns (bytes memory part) {
        uint256 size = (to - from) * ClusterDraw.ENTRY;
        part = new bytes(size);
        uint256 start = from * ClusterDraw.ENTRY;
        // Safe: the part lies within the list.
        assembly ("memory-safe") {
            mcopyless(add(part, 0x20), add(add(list, 0x20), start), size)
            function mcopyless(target, source, length) {
                for {
                    let i := 0
                } lt(i, length) {
                    i := add(i, 32)
                } {
                    mstore(add(target, i), mload(add(source, i)))
                }
            }
        }
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("VerifierCouncil", "1");
    }
}
