/// What a channel asks of its elements: how large they are, which belong together, and whether their time has come.
package struct ChannelRules<Element>: Sendable {
    /// An element's bytes; asked only where the limits bound them.
    var cost: (@Sendable (borrowing Element) -> Int)?
    /// How elements of one key are kept apart, if they are.
    var lanes: LaneRules<Element>?
    /// Asked when an element's turn has come: nil if it may be taken now, else when to ask again.
    var admit: (@Sendable (borrowing Element) -> Duration?)?
    /// Whether an element is one too many, asked when it is about to be sent.
    var isShed: (@Sendable (borrowing Element) -> Bool)?

    package init(
        cost: (@Sendable (borrowing Element) -> Int)? = nil,
        lanes: LaneRules<Element>? = nil,
        admit: (@Sendable (borrowing Element) -> Duration?)? = nil
    ) {
        self.cost = cost
        self.lanes = lanes
        self.admit = admit
    }
}

/// How elements of one key are kept apart from each other; those without a key never are.
package struct LaneRules<Element>: Sendable {
    /// What elements that belong together have in common.
    var key: @Sendable (borrowing Element) -> UInt64?
    /// Whether one receiver at a time has elements of a key.
    var isExclusive = false
    /// Whether none of a key is taken while one is to come back.
    var isOrdered = false
    /// How many elements of a key receivers have at most.
    var most: Int?
}
