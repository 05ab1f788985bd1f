public import Logging
import Synchronization

/// A log that remembers its lines.
public final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// A log that has no lines yet.
    public init() {}

    /// The lines so far, as texts without their metadata.
    public var messages: [String] { lines.withLock { $0 } }

    /// A logger that writes here, at every level.
    public var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.lines.withLock { $0.append("\(event.message)") } }
    }
}
