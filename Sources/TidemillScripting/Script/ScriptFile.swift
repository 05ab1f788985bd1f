import Tidemill

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A script's text as it was read when the pipeline was built: all workers run the same, whatever becomes of the file.
struct ScriptFile: Sendable {
    let path: String
    let text: [UInt8]

    /// Reads a script.
    ///
    /// - Throws: the system's reason, as a clause.
    init(path: String) throws(FileError) {
        self.path = path
        text = try Self.read(path, limit: Self.limit)
    }

    var identity: ScriptIdentity { ScriptIdentity(path: path, sha256: SHA256.hex(text)) }

    /// The folder that `require` looks into.
    var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A megabyte of Lua is more than anybody writes.
    static let limit = 4 << 20

    struct FileError: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads a regular file of at most `limit` bytes.
    static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw FileError(description: String(cString: strerror(errno)).lowercased()) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(description: "not a regular file")
        }
        guard status.st_size <= limit else { throw FileError(description: "larger than \(limit) bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw FileError(description: String(cString: strerror(errno)).lowercased()) }
            if got == 0 { break }
            count += got
        }
        return Array(bytes[..<count])
    }
}
