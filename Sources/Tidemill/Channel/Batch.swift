/// A run of elements that moves as one: taken from the front, added at the back, its memory used again and again.
///
/// A class, because a sender or receiver that waits leaves its batch with the channel, which takes from it or adds to
/// it under the channel's lock. `@unchecked Sendable`: it belongs to one task at a time, and the lock orders the two.
package final class Batch<Element>: @unchecked Sendable {
    // `@exclusivity(unchecked)`: no closure runs while one of these is being changed, and the run-time checks took
    // two fifths of a trivial pipeline's time.
    @exclusivity(unchecked) private var base: UnsafeMutablePointer<Element>
    @exclusivity(unchecked) private var capacity: Int
    @exclusivity(unchecked) private var head = 0
    @exclusivity(unchecked) private var tail = 0
    /// How many elements the channel had given out before the first of these; it counts them as it fills a batch.
    package var position: UInt64 = 0
    /// How many elements were left in the channel when these were taken.
    package var behind = 0
    /// The lanes of the channel that these elements hold until the receiver releases them.
    package var lanes: [Int] = []

    /// An empty batch; memory for more than `capacity` elements it gets when it needs it.
    package init(capacity: Int = 0) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit {
        (base + head).deinitialize(count: count)
        base.deallocate()
    }

    package var count: Int { tail - head }
    package var isEmpty: Bool { tail == head }

    /// The element at `index`, counted from the front.
    package subscript(index: Int) -> Element {
        _read {
            precondition(index >= 0 && index < count)
            yield base[head + index]
        }
        _modify {
            precondition(index >= 0 && index < count)
            yield &base[head + index]
        }
    }

    /// The elements in place, for a loop that must be fast; valid until the batch changes.
    package var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: base + head, count: tail - head)
    }

    package func append(_ element: consuming Element) {
        if tail == capacity { makeRoom(for: 1) }
        (base + tail).initialize(to: element)
        tail &+= 1
    }

    package func popFirst() -> Element? {
        guard head < tail else { return nil }
        let element = (base + head).move()
        head &+= 1
        if head == tail { head = 0; tail = 0 }
        return element
    }

    package func removeLast() -> Element {
        precondition(!isEmpty)
        tail &-= 1
        defer { if head == tail { (head, tail) = (0, 0) } }
        return (base + tail).move()
    }

    /// Drops elements from the front.
    package func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        (base + head).deinitialize(count: count)
        head += count
        if head == tail {
            head = 0
            tail = 0
        }
    }

    package func removeAll() {
        (base + head).deinitialize(count: count)
        head = 0
        tail = 0
    }

    /// Moves the first `count` elements to uninitialised memory.
    package func moveFirst(_ count: Int, to memory: UnsafeMutablePointer<Element>) {
        precondition(count >= 0 && count <= self.count)
        memory.moveInitialize(from: base + head, count: count)
        head += count
        if head == tail { head = 0; tail = 0 }
    }

    /// Adds `count` elements by moving them here from `memory`.
    package func append(moving memory: UnsafeMutablePointer<Element>, count: Int) {
        if capacity - tail < count { makeRoom(for: count) }
        (base + tail).moveInitialize(from: memory, count: count)
        tail += count
    }

    /// Moves up to `count` elements from the front of `other` to the back of this.
    package func append(moving count: Int, from other: Batch) {
        let count = min(count, other.count)
        if capacity - tail < count { makeRoom(for: count) }
        other.moveFirst(count, to: base + tail)
        tail += count
    }

    /// Takes over all that another batch has from the channel; this one is empty.
    package func take(over other: Batch) {
        (position, behind, lanes) = (other.position, other.behind, other.lanes)
        other.lanes = []
        append(moving: other.count, from: other)
    }

    private func makeRoom(for extra: Int) {
        let count = count
        var target = base
        if count + extra > capacity {
            capacity = max(capacity * 2, count + extra, 4)
            target = .allocate(capacity: capacity)
        } else if head == 0 {
            return
        }
        target.moveInitialize(from: base + head, count: count)
        if target != base {
            base.deallocate()
            base = target
        }
        head = 0
        tail = count
    }
}
