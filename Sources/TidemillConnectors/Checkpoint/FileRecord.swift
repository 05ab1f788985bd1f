import Glibc
import TidemillValue

/// What a checkpoint knows about a file: which it is, and how far it was read.
struct FileRecord: Hashable, Sendable {
    var path: String
    var identity: FileStatus.Identity
    var head: FileHead
    var position = InputPosition()
    /// How many bytes of the file itself were read, once its end was seen.
    var size: Int?
    /// When it was modified, in nanoseconds.
    var modified = 0

    /// Whether both are about one file: a device may have another number after a restart of the machine.
    func isSameFile(as other: FileRecord) -> Bool {
        identity.inode == other.identity.inode && (identity.device == other.identity.device || path == other.path)
    }

    var value: Value {
        var fields: [(key: String, value: Value)] = [
            ("path", .string(Bytes(path))),
            ("device", .integer(Int64(bitPattern: identity.device))),
            ("inode", .integer(Int64(bitPattern: identity.inode))),
            ("head", .array([.integer(Int64(head.count)), .integer(Int64(head.sum))])),
            ("offset", .integer(Int64(position.offset))),
            ("tail", .integer(Int64(position.tail))),
            ("line", .integer(Int64(position.line))),
            ("modified", .integer(Int64(modified))),
        ]
        if let width = position.width { fields.append(("width", .integer(Int64(width)))) }
        if let size { fields.append(("size", .integer(Int64(size)))) }
        return .table(fields)
    }
}

extension FileRecord {
    /// A record that a checkpoint has; nil for anything else.
    init?(_ value: Value) {
        func number(_ key: String) -> Int? { value[key]?.integer.map { Int($0) } }
        guard let path = value["path"]?.text, let device = value["device"]?.integer,
            let inode = value["inode"]?.integer, let offset = number("offset"), let tail = number("tail"),
            let line = number("line"), 0...offset ~= tail, line >= 0, let count = value["head"]?[0]?.integer,
            let sum = value["head"]?[1]?.integer, 0...Int64(FileHead.most) ~= count
        else { return nil }
        self.path = path
        identity = FileStatus.Identity(device: UInt64(bitPattern: device), inode: UInt64(bitPattern: inode))
        head = FileHead(count: Int(count), sum: UInt32(truncatingIfNeeded: sum))
        position = InputPosition(offset: offset, tail: tail, line: line, width: number("width"))
        size = number("size")
        modified = number("modified") ?? 0
    }
}

/// A checksum of a file's first bytes, by which a file that was rewritten is known for another.
struct FileHead: Hashable, Sendable {
    static let most = 4096

    var count = 0
    var sum: UInt32 = 0

    /// The first bytes that an open file has, `limit` of them if there are so many.
    static func of(_ descriptor: Descriptor, _ path: String, limit: Int = most) throws(SystemError) -> FileHead {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { bytes in
            retryingInterrupts { pread(descriptor.raw, bytes.baseAddress, bytes.count, 0) }
        }
        guard count >= 0 else { throw SystemError(path, "can't read it") }
        return FileHead(count: count, sum: checksum32(bytes[..<count]))
    }
}
