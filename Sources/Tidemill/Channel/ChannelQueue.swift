/// What is queued in a channel, and what of it may be taken now: in the order in which it came, or by lanes.
struct ChannelQueue<Element>: ~Copyable {
    private let limits: ChannelLimits
    private let cost: (@Sendable (borrowing Element) -> Int)?
    private let admit: (@Sendable (borrowing Element) -> Duration?)?
    private var line = Ring<Element>()
    private var lanes: Lanes<Element>?
    private var returns = Returns<Element>()
    /// How many elements that were taken are still to come back.
    private var expected = 0
    /// The position of the next element that leaves the line.
    private var next: UInt64 = 0
    /// When to ask again whether the first of the line, or of those that came back, may be taken.
    private var asksAt: Duration?
    private(set) var bytes = 0

    /// How many elements may still be taken: a shut gate lets none through, a half-open one a few.
    var gate = Int.max
    /// Whether only elements that came back may be taken.
    var isHolding = false
    /// The first position that may not be taken yet, because the results of too many before it are held back.
    var horizon = UInt64.max

    init(limits: ChannelLimits, rules: ChannelRules<Element>) {
        self.limits = limits
        cost = limits.bytes == nil ? nil : rules.cost
        admit = rules.admit
        lanes = rules.lanes.map { Lanes($0) }
    }

    /// How many elements are queued, but for those that came back.
    var count: Int { line.count + (lanes.map { $0.count - $0.returned } ?? 0) }
    /// How many came back and wait to be taken again.
    var returned: Int { returns.count + (lanes?.returned ?? 0) }
    /// Whether nothing is here and nothing will come back.
    var isDrained: Bool { count == 0 && returned == 0 && expected <= 0 }
    var countsBytes: Bool { cost != nil }
    /// Whether what may be taken changes as time goes by, or as receivers are done.
    var hasRules: Bool { lanes != nil || admit != nil }

    /// When an element that may not be taken now is to be asked about again.
    var wakesAt: Duration? { lanes == nil ? asksAt : lanes?.wakesAt }

    /// The first elements: those that came back, then the oldest.
    func first(_ count: Int) -> [Element] {
        let before = returns.first(count) + (lanes?.first(count) ?? [])
        return before + (0..<max(min(count - before.count, line.count), 0)).map { line[$0] }
    }

    // MARK: Adding

    /// Takes elements from the front of the batch while there is room.
    mutating func append(_ batch: Batch<Element>) {
        if let cost, let most = limits.bytes {
            while !batch.isEmpty, count < limits.capacity {
                let size = cost(batch[0])
                guard bytes + size <= most || count == 0 else { break }
                bytes += size
                line.append(1, from: batch)
            }
        } else {
            line.append(limits.capacity - count, from: batch)
        }
        if lanes != nil { spread() }
    }

    /// Moves elements on into their lanes, as far as they may be taken.
    private mutating func spread() {
        while next < horizon, let element = line.popFirst() {
            lanes?.append(element, next)
            next += 1
        }
    }

    /// Moves elements from a sender straight to a receiver, where nothing is queued that would have to go before.
    ///
    /// Says how many.
    mutating func pass(_ sender: Batch<Element>, to receiver: Batch<Element>, limit: Int) -> Int {
        guard lanes == nil, line.count == 0, returns.count == 0, !isHolding else { return 0 }
        let limit = reach(min(limit, sender.count))
        guard let admit else {
            receiver.append(moving: limit, from: sender)
            return number(receiver, limit)
        }
        var passed = 0
        while passed < limit, isAdmitted(sender[0], admit) {
            receiver.append(moving: 1, from: sender)
            passed += number(receiver, 1)
        }
        return passed
    }

    /// How many of `limit` the gate and the horizon let through.
    private func reach(_ limit: Int) -> Int {
        let reach = min(limit, gate)
        return horizon == .max ? reach : min(reach, Int(min(horizon - min(next, horizon), UInt64(Int.max))))
    }

    // MARK: Taking

    /// Adds up to `limit` elements to the batch, or one that came back, alone.
    ///
    /// Says how many more might be added that are not queued.
    mutating func take(_ batch: Batch<Element>, limit: Int) -> Int {
        if gate <= 0 || limit <= 0 { return 0 }
        if lanes != nil { return takeFromLanes(batch, limit) }
        if returns.count > 0, batch.isEmpty {
            if let admit, let first = returns.first(1).first, !isAdmitted(first, admit) { return 0 }
            if returns.take(into: batch) { close(batch, 1) }
            return 0
        }
        if isHolding { return 0 }
        let limit = reach(limit)
        return limit - (admit.map { takeAdmitted(batch, limit, $0) } ?? dequeue(batch, limit))
    }

    private mutating func takeFromLanes(_ batch: Batch<Element>, _ limit: Int) -> Int {
        let before = batch.count
        let taken = lanes?.take(batch, limit: min(limit, gate), onlyReturned: isHolding, admit: admit) ?? 0
        discount(batch, since: before)
        close(batch, taken)
        return 0
    }

    private mutating func takeAdmitted(
        _ batch: Batch<Element>,
        _ limit: Int,
        _ admit: @Sendable (borrowing Element) -> Duration?
    ) -> Int {
        var taken = 0
        while taken < limit, line.count > 0, isAdmitted(line[0], admit) { taken += dequeue(batch, 1) }
        return taken
    }

    private mutating func isAdmitted(
        _ element: borrowing Element,
        _ admit: @Sendable (borrowing Element) -> Duration?
    ) -> Bool {
        guard let time = admit(element) else { return true }
        // Another that waits may be asked about earlier.
        asksAt = min(asksAt ?? time, time)
        return false
    }

    private mutating func dequeue(_ batch: Batch<Element>, _ limit: Int) -> Int {
        let before = batch.count
        line.move(limit, to: batch)
        discount(batch, since: before)
        return number(batch, batch.count - before)
    }

    private mutating func discount(_ batch: Batch<Element>, since before: Int) {
        guard let cost else { return }
        for index in before..<batch.count { bytes -= cost(batch[index]) }
    }

    /// Counts what a receiver got; a batch that was empty learns which of the channel's elements its first one is.
    private mutating func number(_ batch: Batch<Element>, _ count: Int) -> Int {
        if count == 0 { return 0 }
        if batch.count == count { batch.position = next }
        next += UInt64(count)
        close(batch, count)
        return count
    }

    private mutating func close(_ batch: Batch<Element>, _ count: Int) {
        if gate != .max { gate -= count }
        batch.behind = self.count
    }

    /// Takes out the oldest element to make room, but none that came back.
    mutating func evict(into evicted: Batch<Element>) -> Bool {
        let before = evicted.count
        if let oldest = lanes?.removeOldest() { evicted.append(oldest) } else { line.move(1, to: evicted) }
        discount(evicted, since: before)
        return evicted.count > before
    }

    mutating func removeAll(to leftovers: Batch<Element>) {
        returns.removeAll(to: leftovers)
        lanes?.removeAll(to: leftovers)
        line.move(line.count, to: leftovers)
        bytes = 0
    }

    // MARK: Coming back

    /// An element that was taken will come back, so that the channel does not end before.
    mutating func expect(_ element: borrowing Element, from batch: Batch<Element>) {
        expected += 1
        lanes?.keep(element, from: batch)
    }

    /// One that was expected will not come back.
    mutating func forget(_ element: borrowing Element) {
        expected -= 1
        lanes?.unkeep(element)
    }

    /// One that was expected is here; it does not wait for room.
    mutating func giveBack(_ element: consuming Element, _ position: UInt64) {
        forget(element)
        putBack(element, position)
    }

    private mutating func putBack(_ element: consuming Element, _ position: UInt64) {
        if lanes == nil { return returns.add(element, position) }
        if let cost { bytes += cost(element) }
        lanes?.restore(element, position)
    }

    /// Puts back what a receiver took and did not begin, in its order.
    ///
    /// It goes where it was, and is taken like what comes back: alone, and before the others.
    mutating func restore(_ elements: [(element: Element, position: UInt64)]) {
        for (element, position) in lanes == nil ? elements : elements.reversed() { putBack(element, position) }
    }

    /// Makes as if an element had not been taken, which was taken out of a lane.
    mutating func unread(_ element: consuming Element) {
        if let cost { bytes += cost(element) }
        lanes?.prepend(element)
    }

    /// A receiver is done with what it took.
    mutating func release(_ held: [Int]) { lanes?.release(held) }

    // MARK: Time and horizon

    /// Asks again about what may not have been taken until now.
    mutating func wake(_ now: Duration) {
        asksAt = nil
        lanes?.wake(now)
    }

    /// Elements before this position may be taken from now on.
    mutating func setHorizon(_ position: UInt64) {
        horizon = position
        if lanes != nil { spread() }
    }
}
