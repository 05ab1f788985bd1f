import Tidemill
import TidemillValue

/// Makes jobs of one input, in batches, and sends them; what is no job fails with its file and line.
///
/// It stops between two batches when its task is cancelled, by throwing `CancellationError`.
struct InputDecoder {
    let format: InputFormat
    let limits: InputLimits
    /// What the input is called in messages.
    let path: String
    let output: SourceOutput
    /// Where the input begins that ``decode(_:)`` is given.
    var start = InputPosition()
    /// The names in the first row of a CSV, where the input begins behind it.
    var columns: [Bytes]?
    /// Where it says how far it came.
    var marker: InputMarker?
    var pace = BatchPace()
    /// Called after every read.
    let progress: () -> Void

    func decode(_ input: any ByteInput) async throws {
        switch format {
        case .lines: try await decodeLines(input)
        case .jsonLines: try await decodeJSONLines(input)
        case .csv(let dialect): try await decodeCSV(input, dialect)
        case .whole, .blob: try await decodeWhole(input)
        }
    }

    private func decodeLines(_ input: any ByteInput) async throws {
        var reader = LineReader(input, limit: limits.line, at: start)
        var batch = JobBatch()
        repeat {
            progress()
            while let item = reader.next() {
                switch item {
                case .line(let bytes):
                    if isKnown(bytes.count, reader.position) { continue }
                    batch.append(.string(bytes))
                case .tooLong(let head): try await failLongLine(head, reader, after: &batch)
                }
                if batch.count >= pace.count { try await send(&batch, upTo: reader.position) }
            }
            try await send(&batch, upTo: reader.position)
        } while try reader.fill()
    }

    private func decodeJSONLines(_ input: any ByteInput) async throws {
        var reader = LineReader(input, limit: limits.line, at: start)
        var values = EncodedValues()
        var batch = JobBatch()
        repeat {
            progress()
            while let item = reader.next() {
                switch item {
                case .line(let bytes):
                    let text = reader.line == 1 ? bytes.withoutByteOrderMark : bytes
                    guard !text.isBlank, !isKnown(bytes.count, reader.position) else { continue }
                    do {
                        try values.append(json: text)
                    } catch {
                        values.move(to: &batch)
                        let reason = error.description
                        try await fail(text.head, line: reader.line, reason, at: reader.position, after: &batch)
                    }
                case .tooLong(let head):
                    values.move(to: &batch)
                    try await failLongLine(head, reader, after: &batch)
                }
                guard values.count >= pace.count else { continue }
                values.move(to: &batch)
                try await send(&batch, upTo: reader.position)
            }
            values.move(to: &batch)
            try await send(&batch, upTo: reader.position)
        } while try reader.fill()
    }

    /// Sends a batch; with it, everything before `position` was sent.
    func send(_ batch: inout JobBatch, upTo position: InputPosition) async throws {
        try await send(&batch)
        try marker?.mark(position, output)
        try Task.checkCancellation()
    }

    private func send(_ batch: inout JobBatch) async throws {
        guard !batch.isEmpty else { return }
        guard let marker else { return try await output.send(&batch) }
        try marker.write(output)
        let count = batch.count
        let begin = output.clock.now
        try await output.send(&batch)
        pace.note(count, took: output.clock.now - begin)
    }

    /// Hands over what is no job, behind the jobs that came before it.
    func fail(
        _ head: Bytes,
        line: Int?,
        _ reason: String,
        at position: InputPosition,
        after batch: inout JobBatch
    ) async throws {
        try await send(&batch)
        try Task.checkCancellation()
        var fields: [(key: String, value: Value)] = [("path", .string(Bytes(path)))]
        if let line { fields.append(("line", .integer(Int64(line)))) }
        let place = line.map { "\(path):\($0)" } ?? path
        try marker?.write(output)
        try await output.fail(
            Job(.string(head), metadata: .table(fields)),
            JobFailure(.input, "\(place): \(reason)")
        )
        try marker?.mark(position, output)
    }

    private func failLongLine(_ head: Bytes, _ reader: borrowing LineReader, after batch: inout JobBatch) async throws {
        let reason = "a line of more than \(limits.line) bytes (max_line); its first \(head.count) are kept"
        try await fail(head, line: reader.line, reason, at: reader.position, after: &batch)
    }

    /// Whether this is the line that an earlier run sent as the last when it had no end yet, and now it has one and
    /// is otherwise the same.
    func isKnown(_ count: Int, _ position: InputPosition) -> Bool {
        let end = position.offset - start.offset
        return start.tail > 0 && count == start.tail && position.tail == 0 && 1...2 ~= end
    }
}

/// Where a decoder says how far it came in a file.
struct InputMarker {
    let checkpoint: FileCheckpoint
    let descriptor: Descriptor

    func write(_ output: SourceOutput) throws {
        try checkpoint.write(settled: output.settledCount, at: output.clock.now)
    }

    func mark(_ position: InputPosition, _ output: SourceOutput) throws {
        try checkpoint.mark(position, descriptor, sent: output.sentCount)
    }
}

/// How many jobs go in one batch: enough that sending costs next to nothing for each.
///
/// With a checkpoint it begins with few and keeps to few where the pipeline is slow, for a position is only written down
/// between two batches: a run that never gets far must get on all the same.
final class BatchPace {
    private static let least = 16
    private static let mostWithCheckpoint = 512

    private(set) var count = 1024

    /// The pace of sources that don't write down where they are.
    init() {}

    init(forCheckpoint: Void) { count = Self.least }

    func note(_ sent: Int, took time: Duration) {
        if time > .milliseconds(50) {
            count = max(Self.least, count / 2)
        } else if time < .milliseconds(5), sent >= count {
            count = min(Self.mostWithCheckpoint, count * 2)
        }
    }
}

extension Bytes {
    /// Whether a reader of JSON or CSV sees nothing on the line.
    fileprivate var isBlank: Bool {
        withUnsafeBytes { $0.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
    }

    fileprivate var withoutByteOrderMark: Bytes {
        withUnsafeBytes { $0.starts(with: [0xEF, 0xBB, 0xBF]) } ? slice(3..<count) : self
    }

    /// A copy of the first bytes, to show them.
    fileprivate var head: Bytes {
        withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0.prefix(LineReader.shown))) }
    }
}
