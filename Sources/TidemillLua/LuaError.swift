internal import CLuaHost

/// Why a script, one of its calls or a host function's argument failed.
public struct LuaError: Error, Hashable, Sendable {
    /// What kind of failure it was; more may come.
    public struct Kind: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The script raised an error or gave one back, or a value can't leave it.
        public static let runtime = Kind(description: "runtime")
        /// The text isn't Lua.
        public static let syntax = Kind(description: "syntax")
        /// The script's memory limit, or the machine's memory.
        ///
        /// The state is broken afterwards.
        public static let memory = Kind(description: "memory")
        /// The call was stopped from outside, whatever the script made of it.
        public static let interrupted = Kind(description: "interrupted")
        /// Too many outputs of one value.
        public static let emissions = Kind(description: "emissions")
        /// Too many bytes of one value's outputs.
        public static let outputBytes = Kind(description: "outputBytes")
        /// Too many Lua instructions for one value, whatever the script made of it.
        public static let instructions = Kind(description: "instructions")
        /// The host used the state at the wrong time.
        public static let misuse = Kind(description: "misuse")
    }

    /// What the script wants to become of the value.
    public enum Verdict: Hashable, Sendable {
        /// It didn't say.
        case unspecified
        /// Another try, after that many seconds if it said so: `ctx:retry(…)`, or an error with `retry = true`.
        case retry(after: Double?)
        /// No other try: an error with `retry = false`.
        case never
        /// The value is at fault: `ctx:reject(…)`.
        case reject
    }

    /// What kind of failure it was.
    public var kind: Kind
    /// What the script wants to become of the value.
    public var verdict: Verdict
    /// The script's own name for the kind of failure: `error({message = …, kind = …})`.
    public var label: String?
    /// What happened, with `chunk:line:` in front where Lua knows it.
    public var message: String
    /// Lua's stack at the error, if there was one.
    public var traceback: String?
    /// The script file of the error, if known.
    public var chunk: String?
    /// The line in it, if known.
    public var line: Int?

    /// Creates an error, as a host function would throw it.
    public init(
        _ message: String,
        kind: Kind = .runtime,
        traceback: String? = nil,
        chunk: String? = nil,
        line: Int? = nil,
        verdict: Verdict = .unspecified,
        label: String? = nil
    ) {
        self.kind = kind
        self.verdict = verdict
        self.label = label
        self.message = message
        self.traceback = traceback
        self.chunk = chunk
        self.line = line
    }
}

extension LuaError: CustomStringConvertible {
    /// The message, and the traceback below it.
    public var description: String {
        traceback.map { "\(message)\n\($0)" } ?? message
    }
}

extension LuaError {
    init(_ report: tide_report) {
        let traceback = Self.text(report.traceback, report.traceback_count)
        let chunk = Self.text(report.chunk, report.chunk_count)
        let label = Self.text(report.label, report.label_count)
        self.init(
            Self.text(report.message, report.message_count),
            kind: Kind(report.failure),
            traceback: traceback.isEmpty ? nil : traceback,
            chunk: chunk.isEmpty ? nil : chunk,
            line: report.line > 0 ? Int(report.line) : nil,
            verdict: Verdict(report.verdict, after: report.retry_after),
            label: label.isEmpty ? nil : label
        )
    }

    /// The failure of one value of a batch.
    init(_ failed: tide_failed_input, reasons: UnsafePointer<UInt8>?) {
        let label = Self.text(reasons.map { $0 + failed.label_offset }, failed.label_count)
        self.init(
            Self.text(reasons.map { $0 + failed.message_offset }, failed.message_count),
            kind: Kind(failed.failure),
            verdict: Verdict(failed.verdict, after: failed.retry_after),
            label: label.isEmpty ? nil : label
        )
    }

    private static func text(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count), as: UTF8.self)
    }
}

extension LuaError.Kind {
    init(_ failure: tide_failure) {
        self =
            switch failure {
            case TIDE_FAILURE_SYNTAX: .syntax
            case TIDE_FAILURE_MEMORY: .memory
            case TIDE_FAILURE_INTERRUPTED: .interrupted
            case TIDE_FAILURE_EMISSIONS: .emissions
            case TIDE_FAILURE_OUTPUT_BYTES: .outputBytes
            case TIDE_FAILURE_INSTRUCTIONS: .instructions
            case TIDE_FAILURE_MISUSE: .misuse
            default: .runtime
            }
    }
}

extension LuaError.Verdict {
    init(_ verdict: tide_verdict, after seconds: Double) {
        self =
            switch verdict {
            case TIDE_VERDICT_RETRY: .retry(after: seconds >= 0 ? seconds : nil)
            case TIDE_VERDICT_NEVER: .never
            case TIDE_VERDICT_REJECT: .reject
            default: .unspecified
            }
    }
}
