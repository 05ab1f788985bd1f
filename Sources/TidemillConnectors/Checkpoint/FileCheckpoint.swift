import Logging
import Synchronization
import Tidemill
import TidemillValue

/// How far a source of files is, written down as its messages are settled.
///
/// The source says where it is after each batch and, before it sends the next, how many messages are settled.
final class FileCheckpoint: Sendable {
    private struct State {
        var file: CheckpointFile
        var known = KnownFiles()
        var marks = FileMarks()
        /// The file that is being read.
        var current: FileRecord?
        /// Its size when it was opened.
        var currentSize = 0
        var writtenCount: UInt64 = 0
        var writtenAt = Duration.zero
    }

    /// What becomes of a file when its turn comes.
    enum Turn: Equatable {
        /// All of it was read, and there is nothing new.
        case skip
        /// It is read from here.
        case read(InputPosition)
    }

    private let state: Mutex<State>
    private let format: InputFormat
    private let logger: Logger

    /// Opens the checkpoint of the source `node` in a folder.
    ///
    /// - Throws: as ``CheckpointFile/open(_:of:)``.
    init(folder: String, node: String, format: InputFormat, paths: [String], logger: Logger) throws {
        self.format = format
        self.logger = logger
        let path = CheckpointFields.path(folder, node)
        var (file, content) = try CheckpointFile.open(path, of: format.identity)
        if content.cut > 0 { logger.logCut(of: path, content.cut) }
        var known = KnownFiles()
        for record in content.records { if let record = FileRecord(record) { known.put(record) } }
        known.forgetGone(unless: paths)
        let records = known.records
        if content.records.count > 2 * records.count + 64 { try file.rewrite(records.map(\.value)) }
        state = Mutex(State(file: file, known: known))
    }

    // MARK: Reading

    /// Says where to begin in a file that was just opened.
    func begin(_ path: String, _ descriptor: Descriptor) throws -> Turn {
        let status = try descriptor.status()
        return try state.withLock { state in
            let known = state.known.find(status.identity, path)
            let reason = try known.flatMap { try reasonToBeginAnew($0, status, descriptor, path) }
            var record = FileRecord(path: path, identity: status.identity, head: try FileHead.of(descriptor, path))
            record.modified = status.modifiedNanoseconds
            if let known, reason == nil {
                if known.size == status.size { return .skip }
                record.position = known.position
            }
            state.current = record
            state.currentSize = status.size
            note(reason, isOther: state.known.hasSeenAnother(at: path, than: status.identity), record)
            return .read(record.position)
        }
    }

    /// The file that is being read ends before the place where reading was to go on: it is read from its beginning.
    func beginAnew() {
        state.withLock { state in
            state.current?.position = InputPosition()
            if let path = state.current?.path { warn("is shorter than what was read of it", path) }
        }
    }

    /// The file that is being read was read up to a place by the first `sent` messages.
    func mark(_ position: InputPosition, _ descriptor: Descriptor, sent: UInt64) throws {
        try state.withLock { state in
            guard var record = state.current, record.position != position else { return }
            record.position = position
            // A file that was short when it was opened gets a better one as it grows.
            if record.head.count < FileHead.most { record.head = try FileHead.of(descriptor, record.path) }
            state.current = record
            // What a whole file became is only known at its end.
            if !format.isWhole { state.marks.add(record, at: sent) }
        }
    }

    /// The end of the file that is being read was seen, behind `size` bytes.
    func finish(size: Int, sent: UInt64) {
        state.withLock { state in
            guard var record = state.current else { return }
            // Of a whole file that is too large not all is read.
            record.size = format.isWhole ? state.currentSize : size
            state.marks.add(record, at: sent)
            state.current = nil
        }
    }

    // MARK: Writing

    /// Writes down what the first `settled` messages cover.
    ///
    /// Where it covers little more than what is there and that was just written, it waits for the next time.
    func write(settled: UInt64, at now: Duration) throws {
        try state.withLock { state in
            guard let covered = state.marks.covered(by: settled) else { return }
            let isEarly = now - state.writtenAt < .milliseconds(5) && covered - state.writtenCount < 256
            if isEarly, state.writtenCount > 0 { return }
            state.writtenAt = now
            state.writtenCount = covered
            try write(&state, settled: settled)
        }
    }

    /// Writes down how far it came for good.
    func close(settled: UInt64, sent: UInt64) throws {
        try state.withLock { state in
            try write(&state, settled: settled)
            try state.file.synchronize()
        }
        if settled < sent {
            logger.notice(
                "some messages were not settled: the next run reads again from the first of them",
                metadata: ["settled": "\(settled)", "sent": "\(sent)"]
            )
        }
    }

    private func write(_ state: inout State, settled: UInt64) throws {
        let records = state.marks.take(upTo: settled)
        if records.isEmpty { return }
        for record in records { state.known.put(record) }
        if state.file.hasGrown {
            try state.file.rewrite(state.known.records.map(\.value))
        } else {
            try state.file.append(records.map(\.value))
        }
    }

    // MARK: Files that are not as they were

    private func reasonToBeginAnew(
        _ known: FileRecord,
        _ status: FileStatus,
        _ descriptor: Descriptor,
        _ path: String
    ) throws -> String? {
        guard try FileHead.of(descriptor, path, limit: known.head.count) == known.head else {
            return status.size < known.head.count ? "is shorter than what was read of it" : "was rewritten"
        }
        if format.isWhole {
            return known.size == status.size && known.modified == status.modifiedNanoseconds ? nil : "has changed"
        }
        return status.size < known.size ?? 0 ? "is shorter than what was read of it" : nil
    }

    private func note(_ reason: String?, isOther: Bool, _ record: FileRecord) {
        if let reason {
            warn(reason, record.path)
        } else if record.position.offset > 0 {
            logger.info(
                "goes on behind what an earlier run read",
                metadata: ["path": "\(record.path)", "line": "\(record.position.line + 1)"]
            )
        } else if isOther {
            logger.notice(
                "another file has taken the place of one that was read: it is read from its beginning",
                metadata: ["path": "\(record.path)"]
            )
        }
    }

    private func warn(_ reason: String, _ path: String) {
        logger.warning("the file \(reason): it is read from its beginning", metadata: ["path": "\(path)"])
    }
}

extension InputFormat {
    /// What the positions of a file depend on.
    fileprivate var identity: Value {
        switch self {
        case .lines, .jsonLines: ["source": "file", "format": "lines"]
        case .whole, .blob: ["source": "file", "format": "whole"]
        case .csv(let dialect):
            [
                "source": "file", "format": "csv", "header": .bool(dialect.hasHeader),
                "delimiter": .string(Bytes([dialect.delimiter])),
            ]
        }
    }
}

extension Logger {
    /// Says that the end of a checkpoint was no record.
    func logCut(of path: String, _ count: Int) {
        warning(
            "the end of the checkpoint was not written completely: an older position is used",
            metadata: ["path": "\(path)", "bytes": "\(count)"]
        )
    }
}
