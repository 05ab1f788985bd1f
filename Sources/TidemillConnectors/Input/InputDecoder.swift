import Tidemill
import TidemillValue

/// Makes jobs of one input, in batches, and sends them; what is no job fails with its file and line.
///
/// It stops between two batches when its task is cancelled, by throwing `CancellationError`.
struct InputDecoder {
    /// How many jobs go in one batch: enough that sending costs next to nothing for each.
    static let batchCount = 1024

    let format: InputFormat
    let limits: InputLimits
    /// What the input is called in messages.
    let path: String
    let output: SourceOutput
    /// Called after every read.
    let progress: () -> Void

    func decode(_ input: any ByteInput) async throws {
        switch format {
        case .lines: try await decodeLines(input)
        case .jsonLines: try await decodeJSONLines(input)
        case .csv(let dialect): try await decodeCSV(input, dialect)
        case .whole: try await decodeWhole(input)
        }
    }

    private func decodeLines(_ input: any ByteInput) async throws {
        var reader = LineReader(input, limit: limits.line)
        var batch = JobBatch()
        repeat {
            progress()
            while let item = reader.next() {
                switch item {
                case .line(let bytes): batch.append(.string(bytes))
                case .tooLong(let head): try await failLongLine(head, reader.line, after: &batch)
                }
                if batch.count >= Self.batchCount { try await send(&batch) }
            }
            try await send(&batch)
        } while try reader.fill()
    }

    private func decodeJSONLines(_ input: any ByteInput) async throws {
        var reader = LineReader(input, limit: limits.line)
        var values = EncodedValues()
        var batch = JobBatch()
        repeat {
            progress()
            while let item = reader.next() {
                switch item {
                case .line(let bytes):
                    let text = reader.line == 1 ? bytes.withoutByteOrderMark : bytes
                    guard !text.isBlank else { continue }
                    do {
                        try values.append(json: text)
                    } catch {
                        values.move(to: &batch)
                        try await fail(text.head, line: reader.line, error.description, after: &batch)
                    }
                case .tooLong(let head):
                    values.move(to: &batch)
                    try await failLongLine(head, reader.line, after: &batch)
                }
                guard values.count >= Self.batchCount else { continue }
                values.move(to: &batch)
                try await send(&batch)
            }
            values.move(to: &batch)
            try await send(&batch)
        } while try reader.fill()
    }

    func send(_ batch: inout JobBatch) async throws {
        if !batch.isEmpty { try await output.send(&batch) }
        try Task.checkCancellation()
    }

    /// Hands over what is no job, behind the jobs that came before it.
    func fail(_ head: Bytes, line: Int?, _ reason: String, after batch: inout JobBatch) async throws {
        try await send(&batch)
        var fields: [(key: String, value: Value)] = [("path", .string(Bytes(path)))]
        if let line { fields.append(("line", .integer(Int64(line)))) }
        let place = line.map { "\(path):\($0)" } ?? path
        try await output.fail(
            Job(.string(head), metadata: .table(fields)),
            JobFailure(.input, "\(place): \(reason)")
        )
    }

    private func failLongLine(_ head: Bytes, _ line: Int, after batch: inout JobBatch) async throws {
        let reason = "a line of more than \(limits.line) bytes (max_line); its first \(head.count) are kept"
        try await fail(head, line: line, reason, after: &batch)
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
