public import Tidemill

/// Takes every job and does nothing with it: for measuring, and for a branch that nobody needs.
public struct DropSink: Sink {
    /// A sink that keeps nothing.
    public init() {}

    /// Does nothing.
    public func write(_ batch: borrowing SinkBatch) async throws {}
}

extension DropSink {
    /// The sink `drop` of configurations.
    public static let component = SinkComponent("drop", "Takes every job and keeps nothing.", fields: []) { _ in
        DropSink()
    }
}
