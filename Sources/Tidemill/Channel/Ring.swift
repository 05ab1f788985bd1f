/// A queue in a ring of memory that grows as it has to; elements move in and out in runs.
struct Ring<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>
    private var capacity: Int
    private var head = 0
    private(set) var count = 0

    init() {
        capacity = 16
        base = .allocate(capacity: capacity)
    }

    deinit {
        let first = min(count, capacity - head)
        (base + head).deinitialize(count: first)
        base.deinitialize(count: count - first)
        base.deallocate()
    }

    /// The element at `index`, counted from the oldest.
    subscript(index: Int) -> Element {
        base[(head + index) % capacity]
    }

    /// Moves up to `amount` elements from the front of `batch` to the back of the queue.
    mutating func append(_ amount: Int, from batch: Batch<Element>) {
        var amount = min(amount, batch.count)
        if capacity - count < amount { grow(to: count + amount) }
        while amount > 0 {
            let tail = (head + count) % capacity
            let run = min(amount, capacity - tail)
            batch.moveFirst(run, to: base + tail)
            count += run
            amount -= run
        }
    }

    /// Moves up to `amount` of the oldest elements to the back of `batch`.
    mutating func move(_ amount: Int, to batch: Batch<Element>) {
        var amount = min(amount, count)
        while amount > 0 {
            let run = min(amount, capacity - head)
            batch.append(moving: base + head, count: run)
            head = (head + run) % capacity
            count -= run
            amount -= run
        }
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = (base + head).move()
        head = (head + 1) % capacity
        count -= 1
        return element
    }

    private mutating func grow(to least: Int) {
        let larger = max(capacity * 2, least)
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        let first = min(count, capacity - head)
        memory.moveInitialize(from: base + head, count: first)
        (memory + first).moveInitialize(from: base, count: count - first)
        base.deallocate()
        base = memory
        capacity = larger
        head = 0
    }
}
