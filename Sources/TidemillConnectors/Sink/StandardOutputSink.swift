import Glibc
import Synchronization
public import Tidemill

/// Writes to standard output; a batch is out when ``write(_:)`` returns, so that nothing is lost in a buffer.
///
/// When its reader has gone it throws ``ClosedOutput``; the process must ignore SIGPIPE for that.
public final class StandardOutputSink: Sink {
    private struct State: ~Copyable {
        var encoder: OutputEncoder
        var writer: OutputWriter
    }

    private let format: OutputFormat
    private let state: Mutex<State>

    /// Scripts may render for it.
    public var acceptsJSONLines: Bool { format == .jsonLines }
    /// It waits in `write`.
    public var blocksItsThread: Bool { true }

    /// A sink for the process's standard output.
    public convenience init(format: OutputFormat = .jsonLines) {
        self.init(descriptor: STDOUT_FILENO, path: "stdout", format: format)
    }

    /// A sink for another descriptor that is open for writing, a pipe's or a socket's; it stays open.
    ///
    /// `path` is what errors call it.
    public init(descriptor: Int32, path: String, format: OutputFormat = .jsonLines) {
        self.format = format
        let writer = OutputWriter(Descriptor(descriptor, owned: false), path: path, end: nil)
        state = Mutex(State(encoder: OutputEncoder(format), writer: writer))
    }

    /// Writes the jobs that the format can express.
    public func write(_ batch: borrowing SinkBatch) async throws {
        try state.withLock { state in
            state.encoder.encode(batch)
            try state.encoder.drain { try state.writer.write($0) }
        }
    }
}

extension StandardOutputSink {
    /// The sink `stdout` of configurations.
    public static let component = SinkComponent(
        "stdout",
        "Writes to standard output.",
        fields: OutputFields.all,
        files: { _ in [FileUse(.alone, "standard output", field: "type")] }
    ) {
        StandardOutputSink(format: try OutputFields.format($0))
    }
}
