public import Tidemill

/// A broker, a queue or whatever else a source takes messages from, as ``SourceConformance`` has to know it.
///
/// A suite of tests makes one for each check, with a real server behind it.
public protocol SourceFixture: Sendable {
    /// What its sources promise beside at-least-once delivery.
    var sourcePromises: SourcePromises { get }

    /// How long a source's lease of a message lasts; nil where there are no leases.
    var leaseDuration: Duration? { get }

    /// A source of the fixture's messages; several share them.
    func makeSource() async throws -> any Source

    /// Adds messages, in their order.
    func publish(_ jobs: [Job]) async throws

    /// How many messages are not settled: those that wait and those that a source has.
    func backlog() async throws -> Int

    /// Takes the broker away from the sources, as a crash or a cut line does.
    func interrupt() async throws

    /// Brings it back.
    func restore() async throws
}

extension SourceFixture {
    /// There are no leases.
    public var leaseDuration: Duration? { nil }
    /// It can't be taken away.
    public func interrupt() async throws {}
    /// It was never away.
    public func restore() async throws {}
}

/// What a source promises beside at-least-once delivery.
public struct SourcePromises: OptionSet, Sendable {
    /// The promises as bits.
    public let rawValue: Int

    /// Promises by their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A source that is alone gives messages in the order in which they were published.
    public static let order = SourcePromises(rawValue: 1)
    /// Keys go along with values.
    public static let keys = SourcePromises(rawValue: 2)
    /// Several sources share the messages, so that each goes to one.
    public static let sharing = SourcePromises(rawValue: 4)
    /// A broker that goes away and comes back loses nothing; the fixture can do that to it.
    public static let reconnecting = SourcePromises(rawValue: 8)
    /// Every promise.
    public static let all: SourcePromises = [.order, .keys, .sharing, .reconnecting]
}
