import DequeModule
import HeapModule

/// Queued elements by their keys: a lane for each key, and whose turn it is.
///
/// A lane is taken from only as the rules allow; whoever takes from it holds it until it is released. Of those that may
/// be taken from, the one whose first element came first is next, and after a few elements the next one. (Lanes that
/// took turns in a circle were tried: a key that has more jobs than the others then waits for all of them after each of
/// its own, its backlog fills the queue, and workers have nothing to do.)
struct Lanes<Element> {
    /// Where a lane stands until something is taken from it.
    private enum Place { case nowhere, ready, urgent, parked }

    private struct Lane {
        let key: UInt64?
        var nodes = Deque<Node>()
        /// How many receivers hold it, or how many elements of it they hold.
        var held = 0
        var place = Place.nowhere
        /// Whether it has an entry in the line of those that are ready, be it one that is passed over.
        var isInLine = false
    }

    private struct Node {
        let element: Element
        let position: UInt64
        /// Whether it came back.
        var isReturned = false
    }

    private struct Ready: Comparable {
        let first: UInt64
        let lane: Int

        static func < (left: Ready, right: Ready) -> Bool { left.first < right.first }
    }

    private struct Parked: Comparable {
        let until: Duration
        let lane: Int

        static func < (left: Parked, right: Parked) -> Bool { (left.until, left.lane) < (right.until, right.lane) }
    }

    /// How many elements of a lane are taken at once.
    private static var turn: Int { 32 }
    /// From how many lanes on those are forgotten that have nothing in them.
    private static var many: Int { 4_096 }

    private let rules: LaneRules<Element>
    private var lanes: [Lane] = [Lane(key: nil)]
    private var numbers: [UInt64: Int] = [:]
    private var free: [Int] = []
    private var ready = Heap<Ready>()
    private var urgent = Deque<Int>()
    private var parked = Heap<Parked>()
    private var sweepsAt = Lanes.many
    private(set) var count = 0
    /// How many of them came back.
    private(set) var returned = 0

    init(_ rules: LaneRules<Element>) { self.rules = rules }

    /// When to look again at lanes whose time has not come.
    var wakesAt: Duration? { parked.min?.until }

    // MARK: Adding

    mutating func append(_ element: consuming Element, _ position: UInt64) {
        let lane = lane(of: element)
        lanes[lane].nodes.append(Node(element: element, position: position))
        count += 1
        list(lane)
    }

    /// Puts an element that was taken in front of the others of its lane, to be taken like any other.
    mutating func prepend(_ element: consuming Element) {
        let lane = lane(of: element)
        let place = lanes[lane].nodes.firstIndex { !$0.isReturned } ?? lanes[lane].nodes.count
        lanes[lane].nodes.insert(Node(element: element, position: 0), at: place)
        count += 1
        list(lane)
    }

    /// Puts an element that was taken in front of the others of its lane, behind those that came back and were before
    /// it, and its lane before the others.
    mutating func restore(_ element: consuming Element, _ position: UInt64) {
        let lane = lane(of: element)
        let place = lanes[lane].nodes.firstIndex { !$0.isReturned || $0.position >= position }
        let node = Node(element: element, position: position, isReturned: true)
        lanes[lane].nodes.insert(node, at: place ?? lanes[lane].nodes.count)
        count += 1
        returned += 1
        // The entry in the line of those that are ready is passed over when it comes up.
        if lanes[lane].place == .ready { lanes[lane].place = .nowhere }
        list(lane)
    }

    // MARK: Taking

    /// Moves up to `limit` elements to the batch, which holds their lanes until they are released.
    ///
    /// One that came back is taken before the others, and alone.
    mutating func take(
        _ batch: Batch<Element>,
        limit: Int,
        onlyReturned: Bool,
        admit: (@Sendable (borrowing Element) -> Duration?)?
    ) -> Int {
        if batch.isEmpty {
            while let lane = urgent.popFirst() {
                guard lanes[lane].place == .urgent else { continue }
                lanes[lane].place = .nowhere
                if take(batch, from: lane, limit: 1, admit) > 0 { return 1 }
            }
        }
        var taken = onlyReturned ? 0 : takeMore(batch, limit, admit)
        while !onlyReturned, taken < limit, let lane = ready.popMin()?.lane {
            lanes[lane].isInLine = false
            guard lanes[lane].place == .ready else { continue }
            lanes[lane].place = .nowhere
            taken += take(batch, from: lane, limit: min(limit - taken, Self.turn), admit)
        }
        return taken
    }

    /// Moves elements to a batch that is still being gathered, out of the lanes that it holds alone.
    private mutating func takeMore(
        _ batch: Batch<Element>,
        _ limit: Int,
        _ admit: (@Sendable (borrowing Element) -> Duration?)?
    ) -> Int {
        guard rules.isExclusive, !batch.isEmpty else { return 0 }
        var taken = 0
        for lane in batch.lanes where taken < limit && lanes[lane].place == .nowhere {
            lanes[lane].held -= 1
            let more = take(batch, from: lane, limit: limit - taken, admit)
            if more == 0 { lanes[lane].held += 1 } else { batch.lanes.removeLast() }
            taken += more
        }
        return taken
    }

    private mutating func take(
        _ batch: Batch<Element>,
        from lane: Int,
        limit: Int,
        _ admit: (@Sendable (borrowing Element) -> Duration?)?
    ) -> Int {
        var taken = 0
        while taken < limit, mayTake(lane) || (taken > 0 && rules.isExclusive), let node = lanes[lane].nodes.first {
            if node.isReturned, taken > 0 || !batch.isEmpty { break }
            if let until = admit?(node.element) {
                parked.insert(Parked(until: until, lane: lane))
                lanes[lane].place = .parked
                break
            }
            lanes[lane].nodes.removeFirst()
            if batch.isEmpty { batch.position = node.position }
            if node.isReturned { returned -= 1 }
            count -= 1
            taken += 1
            batch.append(node.element)
            if taken == 1 || !rules.isExclusive { hold(lane, batch) }
        }
        list(lane)
        return taken
    }

    private func mayTake(_ lane: Int) -> Bool {
        lanes[lane].key == nil || lanes[lane].held < (rules.isExclusive ? 1 : rules.most ?? .max)
    }

    private mutating func hold(_ lane: Int, _ batch: Batch<Element>) {
        guard lanes[lane].key != nil, rules.isExclusive || rules.most != nil else { return }
        lanes[lane].held += 1
        batch.lanes.append(lane)
    }

    /// Says of a lane that has something to take that it is its turn some time.
    private mutating func list(_ lane: Int) {
        guard lanes[lane].place == .nowhere, let first = lanes[lane].nodes.first, mayTake(lane) else { return }
        lanes[lane].place = first.isReturned ? .urgent : .ready
        if first.isReturned { return urgent.append(lane) }
        // Two entries would be two turns where the others have one.
        if !lanes[lane].isInLine { ready.insert(Ready(first: first.position, lane: lane)) }
        lanes[lane].isInLine = true
    }

    /// Those lanes may be asked again whose time has come.
    mutating func wake(_ now: Duration) {
        while let next = parked.min, next.until <= now {
            parked.removeMin()
            lanes[next.lane].place = .nowhere
            list(next.lane)
        }
    }

    // MARK: Holding

    /// A receiver is done with what it took from these lanes.
    mutating func release(_ held: [Int]) {
        for lane in held {
            lanes[lane].held -= 1
            list(lane)
        }
    }

    /// An element that a batch held will come back: where the order matters, its lane stays held.
    mutating func keep(_ element: borrowing Element, from batch: Batch<Element>) {
        let lane = lane(of: element)
        guard rules.isOrdered, lanes[lane].key != nil else { return }
        if let index = batch.lanes.firstIndex(of: lane) {
            batch.lanes.remove(at: index)
        } else {
            // Several of one batch: the lane is free when the last of them is back.
            lanes[lane].held += 1
        }
    }

    /// An element for which its lane was kept is here again, or will never be.
    mutating func unkeep(_ element: borrowing Element) {
        let lane = lane(of: element)
        guard rules.isOrdered, lanes[lane].key != nil else { return }
        release([lane])
    }

    // MARK: All of them

    /// Takes out the element that was added first, but none that came back.
    mutating func removeOldest() -> Element? {
        var oldest: (position: UInt64, lane: Int, index: Int)?
        for lane in lanes.indices {
            guard let index = lanes[lane].nodes.firstIndex(where: { !$0.isReturned }) else { continue }
            let position = lanes[lane].nodes[index].position
            if position < oldest?.position ?? .max { oldest = (position, lane, index) }
        }
        guard let oldest else { return nil }
        count -= 1
        return lanes[oldest.lane].nodes.remove(at: oldest.index).element
    }

    mutating func removeAll(to leftovers: Batch<Element>) {
        for element in first(count) { leftovers.append(element) }
        for lane in lanes.indices { lanes[lane].nodes = Deque() }
        (count, returned) = (0, 0)
    }

    /// The elements that came first.
    func first(_ count: Int) -> [Element] {
        lanes.flatMap { $0.nodes.prefix(count) }.sorted { $0.position < $1.position }.prefix(count).map(\.element)
    }

    // MARK: Lanes

    private mutating func lane(of element: borrowing Element) -> Int {
        guard let key = rules.key(element) else { return 0 }
        if let known = numbers[key] { return known }
        if numbers.count >= sweepsAt { sweep() }
        let lane = free.popLast() ?? lanes.count
        if lane == lanes.count { lanes.append(Lane(key: key)) } else { lanes[lane] = Lane(key: key) }
        numbers[key] = lane
        return lane
    }

    /// Forgets keys that have nothing here and nothing with a receiver.
    private mutating func sweep() {
        for (key, lane) in numbers
        where lanes[lane].nodes.isEmpty && lanes[lane].held == 0 && lanes[lane].place == .nowhere
            && !lanes[lane].isInLine
        {
            numbers[key] = nil
            free.append(lane)
        }
        sweepsAt = max(Self.many, 2 * numbers.count)
    }
}
