/// Elements that were taken out of a channel and come back, because they are to be taken again.
struct Returns<Element> {
    private var elements: [(element: Element, position: UInt64)] = []
    private var first = 0
    /// How many are here.
    var count: Int { elements.count - first }

    /// The ones that are taken next.
    func first(_ count: Int) -> [Element] { elements[first...].prefix(count).map(\.element) }

    mutating func add(_ element: consuming Element, _ position: UInt64) {
        elements.append((element, position))
    }

    /// Moves the one that came first to an empty batch, under the position that it had.
    mutating func take(into batch: Batch<Element>) -> Bool {
        guard first < elements.count, batch.isEmpty else { return false }
        batch.append(elements[first].element)
        batch.position = elements[first].position
        first += 1
        if first == elements.count { clear() }
        return true
    }

    mutating func removeAll(to leftovers: Batch<Element>) {
        for (element, _) in elements[first...] { leftovers.append(element) }
        clear()
    }

    private mutating func clear() {
        elements.removeAll(keepingCapacity: elements.count <= 64)
        first = 0
    }
}
