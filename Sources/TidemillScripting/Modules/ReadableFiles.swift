#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The files that a stage's scripts may read: those named by its `capabilities`, and nothing else.
struct ReadableFiles: Sendable {
    private let granted: [String]

    /// Grants files and folders; one that does not exist grants nothing.
    init(_ paths: [String]) {
        granted = paths.compactMap { Self.real($0) }
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// The file's bytes.
    ///
    /// The path is resolved first, so that neither `..` nor a link leads out of what was granted.
    ///
    /// - Throws: ``Refusal`` when it is not granted or can't be read.
    func read(_ path: String) throws(Refusal) -> [UInt8] {
        guard let real = Self.real(path) else {
            throw Refusal(description: "\(path): \(String(cString: strerror(errno)).lowercased())")
        }
        guard granted.contains(where: { real == $0 || real.hasPrefix($0 == "/" ? "/" : $0 + "/") }) else {
            throw Refusal(description: "\(path): not granted; the stage's \"capabilities\" must list it under \"read\"")
        }
        do throws(ScriptFile.FileError) {
            return try ScriptFile.read(real, limit: 64 << 20)
        } catch {
            throw Refusal(description: "\(path): \(error)")
        }
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
