import CLuaHost

/// Why a script could not be loaded, or a call of it failed.
public struct LuaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of failure it is.
    public enum Kind: String, Sendable, Hashable {
        /// The script does not compile.
        case syntax
        /// It raised an error, or returned nil and a reason.
        case runtime
        /// It ran into its memory limit.
        case memory
        /// It gave more than its limits allow.
        case budget
        /// It was interrupted.
        case interrupted
        /// The host used the state in a way that can't work.
        case misuse
    }

    /// What sort of failure it is.
    public let kind: Kind
    /// What went wrong; a runtime error begins with the script and the line.
    public let message: String
    /// Where the script was, line by line; nil where it was nowhere.
    public let traceback: String?

    /// A failure.
    public init(_ kind: Kind, _ message: String, traceback: String? = nil) {
        self.kind = kind
        self.message = message
        self.traceback = traceback
    }

    init(_ report: UnsafePointer<tide_report>) {
        let report = report.pointee
        kind =
            switch report.failure {
            case TIDE_FAILURE_SYNTAX: .syntax
            case TIDE_FAILURE_MEMORY: .memory
            case TIDE_FAILURE_INTERRUPTED: .interrupted
            case TIDE_FAILURE_BUDGET: .budget
            case TIDE_FAILURE_MISUSE: .misuse
            default: .runtime
            }
        message = Self.text(report.message, report.message_count) ?? "an unknown error"
        traceback = Self.text(report.traceback, report.traceback_count)
    }

    private static func text(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> String? {
        guard let bytes, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// What went wrong.
    public var description: String { message }
}
