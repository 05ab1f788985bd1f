import Glibc
import TidemillValue

/// A journal of positions that outlives the process.
///
/// Records are added at the end and never changed, each with its checksum, so that whatever a crash leaves of the last
/// one is known for what it is; the records before it still hold, and they are older, so that nothing is lost. When the
/// journal has grown, it is written anew beside its place and renamed. It is locked while it is open.
struct CheckpointFile: Sendable {
    /// What was found in a journal when it was opened.
    struct Content {
        /// Each with the checksum that it was written with, in the order in which they were added.
        var records: [Value] = []
        /// How many bytes behind them were no record and are gone.
        var cut = 0
    }

    static let version: Int64 = 1
    /// Below this size a journal is not worth writing anew.
    private static let small = 1 << 20

    private let path: String
    private let header: Value
    private var descriptor: Descriptor
    private var end = 0
    private var sizeWhenNew = 0

    /// Opens the journal at `path`, or makes one.
    ///
    /// `identity` is what its positions depend on.
    ///
    /// - Throws: when another process has it, when it belongs to another configuration, or when nothing of it can be
    ///   trusted.
    static func open(_ path: String, of identity: Value) throws -> (file: CheckpointFile, content: Content) {
        try makeParents(of: path)
        let descriptor = try lock(path)
        let header = Value.table([("checkpoint", .integer(version)), ("of", identity)])
        var file = CheckpointFile(path: path, header: header, descriptor: descriptor)
        let bytes = try file.read()
        // A crash in between the making of the file and its first line leaves it so.
        if bytes.isEmpty {
            try file.rewrite([])
            return (file, Content())
        }
        let content = try file.accept(bytes)
        return (file, content)
    }

    private init(path: String, header: Value, descriptor: Descriptor) {
        self.path = path
        self.header = header
        self.descriptor = descriptor
    }

    /// Adds records, in one call to the system; all of them or none.
    mutating func append(_ records: [Value]) throws {
        let text = try records.map { try CheckpointLine.text(of: $0) }.joined()
        do {
            try Self.write(text, to: descriptor, at: end, path)
        } catch {
            _ = ftruncate(descriptor.raw, end)
            throw error
        }
        end += text.utf8.count
    }

    /// Whether most of it is likely to be out of date.
    var hasGrown: Bool { end > Self.small && end > 4 * sizeWhenNew }

    /// Writes it anew with these records alone; a crash leaves the old one or the new one.
    mutating func rewrite(_ records: [Value]) throws {
        let text = try ([header] + records).map { try CheckpointLine.text(of: $0) }.joined()
        let temporary = path + ".new"
        let new = try Descriptor.open(temporary, O_RDWR | O_CREAT | O_TRUNC)
        // Before it has the name that others look for, so that it is never there unlocked.
        guard try new.lock(temporary) else { throw FileProblem(temporary, "another run is using this checkpoint") }
        try Self.write(text, to: new, at: 0, temporary)
        guard fsync(new.raw) == 0 else { throw SystemError(temporary, "can't write it to the disk") }
        guard rename(temporary, path) == 0 else { throw SystemError(path, "can't replace it") }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        if let folder = try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY) { _ = fsync(folder.raw) }
        descriptor = new
        end = text.utf8.count
        sizeWhenNew = end
    }

    /// Waits until it is on the disk.
    func synchronize() throws(SystemError) {
        guard fsync(descriptor.raw) == 0 else { throw SystemError(path, "can't write it to the disk") }
    }

    // MARK: Opening

    private static func lock(_ path: String) throws -> Descriptor {
        while true {
            let descriptor = try Descriptor.open(path, O_RDWR | O_CREAT)
            guard try descriptor.status().kind == .regular else { throw FileProblem(path, "is no regular file") }
            guard try descriptor.lock(path) else { throw FileProblem(path, "another run is using this checkpoint") }
            // Another process may have put a new file in its place before this one had the lock.
            if try FileStatus.of(path).identity == descriptor.status().identity { return descriptor }
        }
    }

    private func read() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: try descriptor.status().size)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { bytes in
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                return retryingInterrupts { pread(descriptor.raw, rest.baseAddress, rest.count, filled) }
            }
            guard count >= 0 else { throw SystemError(path, "can't read it") }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    private mutating func accept(_ bytes: [UInt8]) throws -> Content {
        var content = Content()
        var rest = bytes[...]
        guard let first = CheckpointLine.takeFirst(of: &rest) else { throw damage }
        try check(first)
        while let record = CheckpointLine.takeFirst(of: &rest) { content.records.append(record) }
        content.cut = rest.count
        if content.records.isEmpty, CheckpointLine.isAnyBehindDamage(in: rest) { throw damage }
        end = bytes.count - rest.count
        sizeWhenNew = end
        guard rest.isEmpty || ftruncate(descriptor.raw, end) == 0 else { throw SystemError(path, "can't write it") }
        return content
    }

    private var damage: FileProblem {
        FileProblem(path, "the checkpoint is damaged, and nothing in it can be trusted; delete it to begin anew")
    }

    private func check(_ found: Value) throws {
        guard let version = found["checkpoint"]?.integer else { throw damage }
        guard version == Self.version else {
            let way = "go on with the program that wrote it, or delete it to begin anew"
            throw FileProblem(
                path,
                "a checkpoint of version \(version), and this program knows \(Self.version); \(way)"
            )
        }
        guard found["of"] == header["of"] else {
            let (old, new) = (found["of"] ?? .null, header["of"] ?? .null)
            let way = "delete it to begin anew, or name another folder in \"checkpoint\""
            throw FileProblem(path, "belongs to another configuration: \(old) then, \(new) now; \(way)")
        }
    }

    private static func write(_ text: String, to descriptor: Descriptor, at offset: Int, _ path: String) throws {
        var written = 0
        var text = text
        try text.withUTF8 { bytes in
            while written < bytes.count {
                let count = retryingInterrupts {
                    pwrite(
                        descriptor.raw,
                        bytes.baseAddress.map { $0 + written },
                        bytes.count - written,
                        offset + written
                    )
                }
                guard count > 0 else { throw SystemError(path, "can't write it", count == 0 ? EIO : errno) }
                written += count
            }
        }
    }
}
