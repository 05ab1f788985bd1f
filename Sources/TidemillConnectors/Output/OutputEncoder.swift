import Glibc
import Tidemill
import TidemillValue

/// Turns a batch into pieces of memory to write: what is text already is written from where it lies.
struct OutputEncoder: ~Copyable {
    /// Shorter text is cheaper to copy than to give to the system on its own.
    private static let leastPiece = 4096

    private enum Piece {
        case lent(Bytes)
        case written(Range<Int>)
    }

    private let format: OutputFormat
    private let isJSONLines: Bool
    private let isLines: Bool
    private var csv: CSVEncoder
    private var writer = ByteWriter()
    /// How much of the writer is in a piece.
    private var collected = 0
    private var pieces: [Piece] = []
    /// Neighbouring text that is not in a piece yet; it comes behind all of the writer.
    private var run: Bytes?

    init(_ format: OutputFormat) {
        self.format = format
        isJSONLines = format == .jsonLines
        isLines = format == .lines
        if case .csv(let columns, let delimiter) = format {
            csv = CSVEncoder(columns: columns, delimiter: delimiter)
        } else {
            csv = CSVEncoder(columns: nil, delimiter: 0)
        }
    }

    /// Makes ready to write behind rows whose header is `columns`.
    ///
    /// - Throws: ``FileProblem`` where other columns are asked for.
    mutating func goOn(after columns: [String], path: String) throws(FileProblem) {
        try csv.goOn(after: columns, path: path)
    }

    /// Encodes every job that the format can express, and fails the others, which leave no trace in the output.
    mutating func encode(_ batch: borrowing SinkBatch) {
        for index in 0..<batch.count {
            let value = batch.value(at: index)
            if isJSONLines, case .record(let record) = value, record.isText, record.encoding.endsInLineFeed {
                append(text: record.encoding)
                continue
            }
            endRun()
            let start = writer.count
            do throws(JobFailure) {
                try append(value)
            } catch {
                writer.truncate(to: start)
                batch.fail(index, error)
            }
        }
        endRun()
        collect()
    }

    /// Calls `body` with what was encoded, in order, and forgets it.
    mutating func drain(_ body: ([UnsafeRawBufferPointer]) throws -> Void) rethrows {
        defer {
            pieces.removeAll(keepingCapacity: true)
            writer.removeAll()
            collected = 0
        }
        try writer.withUnsafeBytes { written in
            // The pieces keep their blocks alive, and blocks don't move: the pointers outlive the closures.
            try body(
                pieces.map { piece in
                    switch piece {
                    case .lent(let bytes): bytes.withUnsafeBytes { $0 }
                    case .written(let range): UnsafeRawBufferPointer(rebasing: written[range])
                    }
                }
            )
        }
    }

    private mutating func append(text: Bytes) {
        if let run, run.isFollowed(by: text) {
            self.run = run.joined(with: text)
        } else {
            endRun()
            run = text
        }
    }

    private mutating func endRun() {
        guard let run else { return }
        self.run = nil
        if run.count < Self.leastPiece {
            writer.append(run)
        } else {
            collect()
            pieces.append(.lent(run))
        }
    }

    private mutating func collect() {
        guard writer.count > collected else { return }
        pieces.append(.written(collected..<writer.count))
        collected = writer.count
    }

    private mutating func append(_ value: Value) throws(JobFailure) {
        switch format {
        case .jsonLines:
            try writer.append(sinkJSON: value)
            writer.append(UInt8(ascii: "\n"))
        case .lines:
            try appendText(value, "lines")
            writer.append(UInt8(ascii: "\n"))
        case .raw: try appendText(value, "raw")
        case .csv: try csv.append(value, to: &writer)
        }
    }

    private mutating func appendText(_ value: Value, _ name: String) throws(JobFailure) {
        switch value {
        case .string(let bytes):
            if isLines, bytes.hasLineFeed {
                throw JobFailure(
                    .sink,
                    "a string with a newline in it is not one line (format json_lines can write it)"
                )
            }
            writer.append(bytes)
        case .bool, .integer, .number: try writer.append(sinkJSON: value)
        case .object(let object) where object.bytes != nil && !isLines:
            if let bytes = object.bytes { append(text: bytes) }
        case .null, .record, .object:
            throw JobFailure(.sink, "\(value.kindName) can't be written in the format \(name) (\(value.wayOut))")
        }
    }
}

extension Bytes {
    fileprivate var endsInLineFeed: Bool {
        withUnsafeBytes { $0.last == UInt8(ascii: "\n") }
    }

    fileprivate var hasLineFeed: Bool {
        withUnsafeBytes { bytes in bytes.baseAddress.map { memchr($0, 0x0A, bytes.count) != nil } ?? false }
    }
}

extension Value {
    /// What it is, in messages.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .record(let record): record.isArray ? "an array" : "a table"
        case .object(let object): "a value of the type \(object.typeName)"
        }
    }

    /// What can be done where it can't be written.
    fileprivate var wayOut: String {
        guard let object else { return "json_lines can write it" }
        return object.bytes == nil ? "a script encodes it first" : "raw can write it"
    }
}

extension ByteWriter {
    /// Appends JSON, or says as a sink that there is none.
    mutating func append(sinkJSON value: Value) throws(JobFailure) {
        do {
            try append(json: value)
        } catch {
            throw JobFailure(.sink, "it can't be written as JSON: \(error.reason)")
        }
    }
}
