import Tidemill

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

    /// Grants what a stage's `capabilities` list.
    ///
    /// - Throws: ``ConfigurationError`` for what is not there: it would grant nothing, and the script would only hear
    ///   of that when it reads.
    init(_ capabilities: Settings?) throws(ConfigurationError) {
        let paths = capabilities?.strings("read") ?? []
        let missing = paths.enumerated().compactMap { index, path in
            Self.real(path) == nil
                ? capabilities?.issue(
                    at: "read",
                    element: index,
                    "\(path): \(String(cString: strerror(errno)).lowercased())",
                    hint: "paths start from the folder of the configuration file"
                ) : nil
        }
        if !missing.isEmpty { throw ConfigurationError(missing) }
        self.init(paths)
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
