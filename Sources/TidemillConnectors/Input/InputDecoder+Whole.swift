import Tidemill
import TidemillValue

extension InputDecoder {
    /// The content as one job, whose metadata says where it is from.
    func decodeWhole(_ input: any ByteInput) async throws {
        var window = InputWindow(input)
        while try window.fill() {
            progress()
            try Task.checkCancellation()
            if window.count > limits.whole { break }
        }
        var batch = JobBatch()
        guard window.count <= limits.whole else {
            let head = Bytes(copying: UnsafeRawBufferPointer(rebasing: window.bytes.prefix(LineReader.shown)))
            let reason = "more than \(limits.whole) bytes (max_size); the first \(head.count) are kept"
            return try await fail(head, line: nil, reason, at: InputPosition(), after: &batch)
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let metadata = Value.table([("path", .string(Bytes(path))), ("name", .string(Bytes(name)))])
        let content = window.slice(0, count: window.count)
        batch.append(Job(format == .blob ? .object(Blob(content)) : .string(content), metadata: metadata))
        try await send(&batch, upTo: InputPosition())
    }
}
