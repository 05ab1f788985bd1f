#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Why a file could not be read, as a clause: `No such file or directory`.
public struct FileReadError: Error, Sendable, Hashable {
    /// The reason.
    public let reason: String

    /// Creates an error of this reason.
    public init(_ reason: String) {
        self.reason = reason
    }
}

/// Reads whole small files.
///
/// With the C library alone: its reasons are the ones that people know.
package enum ConfigurationFile {
    /// The most that `{"$file": …}` may bring in.
    package static let secretLimit = 1 << 20

    /// The bytes of the file.
    /// - Throws: the system's reason, or that the file is too large.
    package static func read(_ path: String, limit: Int) throws(FileReadError) -> [UInt8] {
        guard !path.unicodeScalars.contains("\u{0}") else { throw FileReadError("the path has a NUL character") }
        guard let file = fopen(path, "rb") else { throw FileReadError(lastReason()) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            bytes += chunk[..<count]
            if bytes.count > limit { throw FileReadError("it has more than the \(limit) bytes allowed") }
            if count < chunk.count {
                if ferror(file) != 0 { throw FileReadError(lastReason()) }
                return bytes
            }
        }
    }

    private static func lastReason() -> String {
        String(cString: strerror(errno))
    }

    /// The folder of a file: what stands before the last slash, or nil.
    package static func folder(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
