import Glibc
public import Logging
import Synchronization
public import Tidemill

/// Writes a file, whole batches at a time.
///
/// Parent folders are made. While it is open the file is locked, so that two sinks can't mix their lines. When a write
/// fails (the disk is full), the file is cut back to the end of the last whole batch and the error says why; a half
/// line that a crash left is cut off, with a warning, when the file is opened to append. The file is on the disk
/// (`fsync`) once the sink is closed.
public final class FileSink: Sink {
    /// What happens to a file that is there already.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Its content is thrown away.
        case replace
        /// It is continued.
        case append
    }

    private struct State: ~Copyable {
        var encoder: OutputEncoder
        var writer: OutputWriter?
    }

    private let path: String
    private let format: OutputFormat
    private let mode: Mode
    private let isDurable: Bool
    private let logger: Logger
    private let call: OutputWriter.Call
    private let state: Mutex<State>

    /// Scripts may render for it.
    public var acceptsJSONLines: Bool { format == .jsonLines }
    /// It waits in `write`.
    public var blocksItsThread: Bool { true }

    /// A sink for the file at `path`; `logger` hears of a half line that was cut off.
    public convenience init(
        _ path: String,
        format: OutputFormat = .jsonLines,
        mode: Mode = .replace,
        logger: Logger = Logger(label: "tidemill.file")
    ) {
        self.init(path, format: format, mode: mode, logger: logger) { writev($0, $1, $2) }
    }

    /// With `isDurable` every batch is on the disk when its write returns.
    init(
        _ path: String,
        format: OutputFormat,
        mode: Mode,
        logger: Logger,
        isDurable: Bool = false,
        call: @escaping OutputWriter.Call
    ) {
        self.path = path
        self.format = format
        self.mode = mode
        self.isDurable = isDurable
        self.logger = logger
        self.call = call
        state = Mutex(State(encoder: OutputEncoder(format), writer: nil))
    }

    /// Opens, locks and, for ``Mode/append``, repairs the file.
    public func open() async throws {
        state.withLock { $0.encoder = OutputEncoder(format) }
        try makeParents(of: path)
        let flags = (mode == .append ? O_RDWR : O_WRONLY) | O_CREAT
        guard let descriptor = try Descriptor.openAlone(path, flags) else {
            throw FileProblem(path, "another sink or process is writing it")
        }
        let status = try descriptor.status()
        guard status.kind == .regular else { return start(OutputWriter(descriptor, path: path, end: nil, call: call)) }
        if isDurable { try synchronizeFolder(of: path) }
        let end = mode == .append ? try goOn(descriptor, size: status.size) : 0
        guard ftruncate(descriptor.raw, end) == 0, lseek(descriptor.raw, end, SEEK_SET) == end else {
            throw SystemError(path, "can't write to it")
        }
        start(OutputWriter(descriptor, path: path, end: end, call: call))
    }

    /// Writes the jobs that the format can express, in one call if the system takes them.
    public func write(_ batch: borrowing SinkBatch) async throws {
        try state.withLock { state in
            state.encoder.encode(batch)
            try state.encoder.drain { try state.writer?.write($0) }
            if isDurable { try state.writer?.synchronizeData() }
        }
    }

    /// Waits until all is on the disk, and closes the file.
    public func close() async throws {
        try state.withLock { state in
            let writer = state.writer.take()
            try writer?.synchronize()
        }
    }

    private func start(_ writer: consuming OutputWriter) {
        var writer = Optional(writer)
        state.withLock { $0.writer = writer.take() }
    }

    /// Where to go on in a file that is there.
    private func goOn(_ descriptor: Descriptor, size: Int) throws -> Int {
        let repair = OutputRepair(descriptor: descriptor, path: path)
        var end = size
        switch format {
        case .raw: break
        case .lines, .jsonLines: end = try repair.endOfLastLine(size: size)
        case .csv(_, let delimiter):
            end = try repair.endOfLastRow()
            if end > 0, let header = try repair.header(delimiter: delimiter) {
                try state.withLock { try $0.encoder.goOn(after: header, path: path) }
            }
        }
        if end < size {
            logger.warning(
                "cut off half a line at the end of the file",
                metadata: ["path": "\(path)", "bytes": "\(size - end)"]
            )
        }
        return end
    }
}

/// Makes the folders above a file.
func makeParents(of path: String) throws(SystemError) {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let parent = String(path[..<slash])
    if access(parent, F_OK) == 0 { return }
    try makeParents(of: parent)
    guard mkdir(parent, 0o777) == 0 || errno == EEXIST else { throw SystemError(parent, "can't make the folder") }
}

extension FileSink {
    /// The sink `file` of configurations.
    public static let component = SinkComponent(
        "file",
        "Writes a file.",
        fields: [
            FieldSpecification("path", .path, "The file; folders above it are made.", required: true),
            FieldSpecification(
                "mode",
                .choice(Mode.allCases.map(\.rawValue)),
                "What happens to a file that is there: `replace` empties it, `append` continues it. Dead letters are "
                    + "always appended.",
                default: "replace"
            ),
        ] + OutputFields.all,
        files: { settings in
            let isReplaced = settings.string("mode") == Mode.replace.rawValue
            return [FileUse(isReplaced ? .replace : .write, settings.string("path"), field: "path")]
        }
    ) { try make($0) }

    /// The same for a run that goes on with the work of an earlier one: no file is emptied.
    package static let continuing = SinkComponent(
        component.specification.type,
        component.specification.summary,
        fields: component.specification.fields,
        files: component.files
    ) { try make($0, mode: .append) }

    private static func make(_ settings: Settings, mode: Mode? = nil) throws -> FileSink {
        let path = settings.string("path")
        if (try? FileStatus.of(path).kind) == .directory {
            let hint = "a sink of type \"directory\" writes files into one"
            throw ConfigurationError([settings.issue(at: "path", "\(path): is a directory, not a file", hint: hint)])
        }
        let format = try OutputFields.format(settings)
        let given = Mode(rawValue: settings.string("mode")) ?? .replace
        guard settings.pointer == JSONPointer.root.appending("dead_letters") else {
            return FileSink(path, format: format, mode: mode ?? given)
        }
        if settings.isGiven("mode"), given == .replace {
            let message = "it would throw the dead letters of the last run away"
            let hint = "leave \"mode\" out: letters are appended, and `tidemill dead-letters purge` removes them"
            throw ConfigurationError([settings.issue(at: "mode", message, hint: hint)])
        }
        return deadLetters(path, format)
    }

    /// The sink of a pipeline's dead letters, which are on the disk before their jobs count as settled.
    private static func deadLetters(_ path: String, _ format: OutputFormat) -> FileSink {
        let logger = Logger(label: "tidemill.file")
        return FileSink(path, format: format, mode: .append, logger: logger, isDurable: true) { writev($0, $1, $2) }
    }
}
