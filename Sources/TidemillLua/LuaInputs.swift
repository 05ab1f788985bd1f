internal import CLuaHost

/// The values of a run or a batch, in memory of their own that stays where it is and is used again for the next one.
public struct LuaInputs: ~Copyable {
    private var values: UnsafeMutablePointer<tide_input>
    private(set) var ends: UnsafeMutablePointer<Int>
    private var capacity = 16
    private var first = 0
    private var end = 0

    /// No values.
    public init() {
        values = .allocate(capacity: capacity)
        ends = .allocate(capacity: capacity)
        ends.initialize(repeating: 0, count: capacity)
    }

    deinit {
        values.deallocate()
        ends.deallocate()
    }

    /// How many values there are.
    public var count: Int { end - first }

    var start: UnsafePointer<tide_input> { UnsafePointer(values + first) }

    /// Adds a value.
    public mutating func append(_ input: LuaInput) {
        if end == capacity { grow() }
        (values + end).initialize(to: input.raw)
        end += 1
    }

    /// Forgets the first values, which were handled.
    public mutating func removeFirst(_ count: Int) {
        first = min(first + count, end)
    }

    /// Forgets all values.
    public mutating func removeAll() {
        first = 0
        end = 0
    }

    /// The places in ``LuaState/outputs`` of what the value at `index` of the last run or batch gave; it must be done.
    public func outputs(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<tide_input>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: values, count: end)
        values.deallocate()
        values = larger
        ends.deallocate()
        capacity *= 2
        ends = .allocate(capacity: capacity)
        ends.initialize(repeating: 0, count: capacity)
    }
}
