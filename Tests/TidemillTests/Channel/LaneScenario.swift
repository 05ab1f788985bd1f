import Synchronization
import Testing
import TidemillTesting

@testable import Tidemill

/// An element with a key, or without.
struct Piece: Hashable, Sendable {
    let number: Int
    let key: UInt64?
    var cost: Int { 1 + number % 3 }
}

/// When elements of a key may be taken again; the test's own clock.
final class Admission: Sendable {
    private struct State {
        var now = Duration.zero
        var opens: [UInt64?: Duration] = [:]
    }

    private let state = Mutex(State())

    var now: Duration { state.withLock { $0.now } }

    func advance(by time: Duration) { state.withLock { $0.now += time } }

    /// Lets none of that key through for so long.
    func close(_ key: UInt64?, for time: Duration) {
        state.withLock { $0.opens[key] = max($0.opens[key] ?? .zero, $0.now + time) }
    }

    /// When the key may be taken; nil is now.
    func time(_ key: UInt64?) -> Duration? {
        state.withLock { state in state.opens[key].flatMap { $0 > state.now ? $0 : nil } }
    }
}

/// What a channel is to keep apart in a scenario.
struct LaneCase: CustomStringConvertible, Sendable {
    var isExclusive = false
    var isOrdered = false
    var most: Int?
    var hasLanes = true
    var limits: ChannelLimits
    var hasHorizon = false

    var description: String {
        let lanes = hasLanes ? "exclusive \(isExclusive), ordered \(isOrdered), most \(most ?? 0)" : "no lanes"
        return "\(lanes), \(limits), horizon \(hasHorizon)"
    }
}

/// A channel with lanes, what is known of each of its elements, and what must be true of them after every step.
///
/// Senders are 0, 1, …, receivers 10, 11, ….
struct LaneScenario: ~Copyable {
    typealias State = ChannelState<Piece, Int>

    /// What a receiver has.
    struct Hand {
        let batch = Batch<Piece>()
        /// What of it belongs to keys, until it is released.
        var keys: [UInt64] = []
    }

    let rules: LaneCase
    var state: State
    let admission = Admission()
    var wakeups = State.Wakeups()

    // Where the elements are.
    var senders: [Int: Batch<Piece>] = [:]
    var waitingSenders: [Int] = []
    var fresh: [Piece] = []
    var returned: [Piece] = []
    /// Those that are to come back, with the positions that they have.
    var away: [(piece: Piece, position: UInt64)] = []
    var hands: [Int: Hand] = [:]
    var waitingReceivers: [(id: Int, waiter: UInt64)] = []
    var done: [Piece] = []
    let evicted = Batch<Piece>()
    let leftovers = Batch<Piece>()

    // What is known of the channel.
    var sent = 0
    /// The positions that elements have as they came.
    var positions: [Piece: UInt64] = [:]
    var arrivals: UInt64 = 0
    var takings: UInt64 = 0
    var gate = Int.max
    var isHolding = false
    var horizon = UInt64.max
    var surplus = 0
    var isFinished = false
    var isCancelled = false
    /// The last element of a key that was done, where the order counts.
    var last: [UInt64: UInt64] = [:]
    var lastWaiter: UInt64 = 0
    var problem: String?

    init(_ rules: LaneCase) {
        self.rules = rules
        let admission = admission
        let lanes = LaneRules<Piece>(
            key: { $0.key },
            isExclusive: rules.isExclusive,
            isOrdered: rules.isOrdered,
            most: rules.most
        )
        state = State(
            limits: rules.limits,
            rules: ChannelRules(
                cost: { $0.cost },
                lanes: rules.hasLanes ? lanes : nil,
                admit: { admission.time($0.key) }
            )
        )
        if rules.hasHorizon {
            horizon = 3
            state.setHorizon(3, wakeups: &wakeups)
        }
    }

    mutating func fail(_ text: String) { problem = problem ?? text }

    // MARK: What follows from a step

    /// Books what the step moved, and checks everything that is always true.
    mutating func settle() -> String? {
        let woken = (wakeups.first.map { [$0] } ?? []) + wakeups.others
        wakeups = State.Wakeups()
        // Those who wait hand over in their order.
        for id in waitingSenders { arrive(id) }
        settleEvictions()
        for (id, signal) in woken {
            if let index = waitingReceivers.firstIndex(where: { $0.id == id }) {
                waitingReceivers.remove(at: index)
                if signal == .done { take(id) }
                if signal == .finished, !isDrained { fail("the end came to \(id) before it was there") }
            } else if let index = waitingSenders.firstIndex(of: id) {
                waitingSenders.remove(at: index)
                if signal == .done, !(senders[id]?.isEmpty ?? true) { fail("\(id) was not rid of everything") }
            } else {
                fail("\(id) was woken and did not wait")
            }
        }
        check()
        return problem
    }

    /// What is no longer in the sender's batch is in the channel.
    mutating func arrive(_ id: Int) {
        guard let batch = senders[id] else { return }
        let left = Set(batch.elements)
        for piece in offered[id, default: []] where !left.contains(piece) {
            fresh.append(piece)
            positions[piece] = arrivals
            arrivals += 1
        }
        offered[id] = Array(batch.elements)
    }

    /// What senders had to give before the step.
    var offered: [Int: [Piece]] = [:]

    mutating func settleEvictions() {
        let gone = Set(evicted.elements)
        fresh.removeAll { gone.contains($0) }
    }

    /// Books what a receiver got.
    mutating func take(_ id: Int) {
        guard var hand = hands[id] else { return }
        let known = hand.batch.count - newCount(id)
        let pieces = (known..<hand.batch.count).map { hand.batch[$0] }
        counts[id] = hand.batch.count
        if pieces.isEmpty { fail("\(id) got nothing") }
        if gate != .max { gate -= pieces.count }
        if gate < 0 { fail("the gate let too many through") }
        for piece in pieces {
            if let index = returned.firstIndex(of: piece) {
                if pieces.count > 1 || known > 0 { fail("\(piece) came back and was not alone") }
                if rules.hasLanes ? returned[..<index].contains { $0.key == piece.key && rules.isOrdered } : index > 0 {
                    fail("\(piece) overtook what came back before")
                }
                returned.remove(at: index)
            } else if let index = fresh.firstIndex(of: piece) {
                takeFresh(piece, index)
                if known == 0, piece == pieces[0], !rules.hasLanes || rules.hasHorizon {
                    let position = rules.hasLanes ? positions[piece] : takings - 1
                    if hand.batch.position != position { fail("\(piece) has the position \(hand.batch.position)") }
                }
            } else {
                fail("\(piece) was taken and was not there")
            }
            if admission.time(piece.key) != nil { fail("\(piece) was not admitted") }
            if let key = piece.key, rules.hasLanes { hold(key, &hand) }
        }
        hands[id] = hand
    }

    /// How many elements each receiver's batch held before.
    var counts: [Int: Int] = [:]

    private func newCount(_ id: Int) -> Int { (hands[id]?.batch.count ?? 0) - counts[id, default: 0] }

    private mutating func takeFresh(_ piece: Piece, _ index: Int) {
        if isHolding { fail("\(piece) was taken while only what came back may be") }
        let before = fresh[..<index]
        if rules.hasLanes ? before.contains { $0.key == piece.key } : !before.isEmpty {
            fail("\(piece) overtook \(before)")
        }
        if (rules.hasLanes ? positions[piece] ?? 0 : takings) >= horizon { fail("\(piece) is beyond the horizon") }
        takings += 1
        fresh.remove(at: index)
    }

    private mutating func hold(_ key: UInt64, _ hand: inout Hand) {
        if rules.isExclusive {
            if hand.keys.contains(key) { return }
            if hands.values.contains(where: { $0.keys.contains(key) }) { fail("two receivers have key \(key)") }
            if rules.isOrdered, away.contains(where: { $0.piece.key == key }) { fail("key \(key) is away") }
        } else if let most = rules.most, held(key) + hand.keys.count(where: { $0 == key }) >= most + ownCount(key, hand)
        {
            fail("more than \(most) of key \(key) are with receivers")
        }
        hand.keys.append(key)
    }

    /// Those of the hand that are counted already in ``held(_:)``.
    private func ownCount(_ key: UInt64, _ hand: Hand) -> Int {
        hands.values.first { $0.batch === hand.batch }?.keys.count { $0 == key } ?? 0
    }

    func held(_ key: UInt64) -> Int { hands.values.map { $0.keys.count { $0 == key } }.reduce(0, +) }

    // MARK: What is always true

    var isDrained: Bool { fresh.isEmpty && returned.isEmpty && away.isEmpty }

    private mutating func check() {
        if state.count != fresh.count { fail("\(state.count) are queued, not \(fresh.count)") }
        if state.waitingReceivers != waitingReceivers.count { fail("\(state.waitingReceivers) receivers wait") }
        if state.waitingSenders != waitingSenders.count { fail("\(state.waitingSenders) senders wait") }
        if rules.limits.bytes != nil {
            let bytes = (fresh + (rules.hasLanes ? returned : [])).map(\.cost).reduce(0, +)
            if state.byteCount != bytes { fail("\(state.byteCount) bytes, not \(bytes)") }
        }
        checkReceivers()
        checkSenders()
    }

    mutating func checkReceivers() {
        guard
            let best = waitingReceivers.first(where: { hands[$0.id]?.batch.isEmpty ?? true }) ?? waitingReceivers.first
        else { return }
        if isCancelled || isFinished && isDrained { fail("a receiver waits at a channel that ended") }
        let hasNothing = hands[best.id]?.batch.isEmpty ?? true
        if let piece = takeable(alone: hasNothing) { fail("a receiver waits beside \(piece)") }
        if gate > 0, let piece = takeable(alone: hasNothing, ignoringTime: true), state.wakesAt == nil {
            fail("nobody will ask about \(piece) again")
        }
    }

    /// An element that may be taken; what came back is taken alone.
    private func takeable(alone: Bool, ignoringTime: Bool = false) -> Piece? {
        if gate <= 0 { return nil }
        func isAdmitted(_ piece: Piece) -> Bool { ignoringTime || admission.time(piece.key) == nil }
        guard rules.hasLanes else {
            if alone, let first = returned.first { return isAdmitted(first) ? first : nil }
            return fresh.first.flatMap { !isHolding && takings < horizon && isAdmitted($0) ? $0 : nil }
        }
        var keys: Set<UInt64?> = []
        for piece in returned + fresh where keys.insert(piece.key).inserted {
            let isBack = returned.contains(piece)
            if isBack ? !alone : isHolding || positions[piece] ?? 0 >= horizon { continue }
            if isFree(piece.key), isAdmitted(piece) { return piece }
        }
        return nil
    }

    private func isFree(_ key: UInt64?) -> Bool {
        guard let key else { return true }
        if rules.isOrdered, away.contains(where: { $0.piece.key == key }) { return false }
        return rules.isExclusive ? held(key) == 0 : held(key) < rules.most ?? .max
    }

    private mutating func checkSenders() {
        guard let first = waitingSenders.first, let piece = senders[first]?.elements.first else { return }
        if isFinished || isCancelled { fail("a sender waits at a channel that ended") }
        let isFull = fresh.count >= rules.limits.capacity
        let bytes = state.byteCount + piece.cost
        let isTooLarge = rules.limits.bytes.map { bytes > $0 && !fresh.isEmpty } ?? false
        if !isFull && !isTooLarge { fail("a sender waits beside room for \(piece)") }
    }

    /// Every element that was sent is in exactly one place.
    mutating func drained() -> String? {
        let rest = Batch<Piece>()
        var ignored = State.Wakeups()
        state.cancel(leftovers: rest, wakeups: &ignored)
        var all = done + away.map(\.piece) + Array(evicted.elements) + Array(leftovers.elements) + Array(rest.elements)
        for batch in senders.values { all += Array(batch.elements) }
        for hand in hands.values { all += Array(hand.batch.elements) }
        return all.count == sent && Set(all).count == sent ? nil : "\(sent) were sent, \(all.count) are there"
    }
}
