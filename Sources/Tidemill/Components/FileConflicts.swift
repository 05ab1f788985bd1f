#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Finds nodes that would spoil each other's files: two that write one, or one that writes what another reads; and two
/// that use what only one can.
struct FileConflicts {
    private struct Reader {
        let node: String
        /// A path or a glob, resolved as far as it exists.
        let pattern: String

        func reads(_ path: String) -> Bool {
            pattern == path || fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0
        }
    }

    /// A node that wants something for itself.
    private struct Writer {
        let node: String
        let use: FileUse
        let settings: Settings

        func issue(_ message: String, _ hint: String) -> ConfigurationIssue {
            settings.issue(at: use.field, element: use.element, message, hint: hint)
        }
    }

    private var readers: [Reader] = []
    private var writers: [(path: String, writer: Writer)] = []
    private var loners: [Writer] = []

    /// Notes what a node does with files; `node` is what messages call it.
    mutating func add(_ uses: [FileUse], by node: String, _ settings: Settings) {
        for use in uses {
            switch use.access {
            case .read: readers.append(Reader(node: node, pattern: Self.resolved(pattern: use.path)))
            case .write, .replace, .position:
                guard let path = Self.resolved(use.path) else { continue }
                writers.append((path, Writer(node: node, use: use, settings: settings)))
            case .alone: loners.append(Writer(node: node, use: use, settings: settings))
            }
        }
    }

    /// What is wrong, at the writers.
    var issues: [ConfigurationIssue] {
        var issues: [ConfigurationIssue] = []
        var first: [String: String] = [:]
        for (path, writer) in writers {
            if let other = first[path] {
                let hint = "give each its own path, or let one sink read from all nodes with \"inputs\""
                issues.append(writer.issue("\(writer.use.path): \(other) writes the same file", hint))
            }
            first[path] = first[path] ?? writer.node
            if let reader = readers.first(where: { $0.reads(path) }) {
                let message = "\(writer.use.path): \(reader.node) reads the same file"
                issues.append(writer.issue(message, "write to another file"))
            }
        }
        return issues + lonerIssues
    }

    /// What is wrong with sinks that throw away what earlier runs wrote, where a source goes on behind it; `feeds` says
    /// whether a source's jobs may come to a sink.
    func issues(feeds: (_ source: Settings, _ sink: Settings) -> Bool) -> [ConfigurationIssue] {
        let resuming = writers.map(\.writer).filter { $0.use.access == .position }
        return writers.map(\.writer).filter { $0.use.access == .replace }.compactMap { sink in
            guard let source = resuming.first(where: { feeds($0.settings, sink.settings) }) else { return nil }
            let message =
                "\(sink.use.path): \(source.node) goes on where an earlier run ended, and this sink throws "
                + "away what that run wrote"
            return sink.issue(message, "\"mode\": \"append\"")
        }
    }

    private var lonerIssues: [ConfigurationIssue] {
        var first: [String: String] = [:]
        return loners.compactMap { loner in
            guard let other = first[loner.use.path] else {
                first[loner.use.path] = loner.node
                return nil
            }
            let message = "\(other) uses \(loner.use.path) already, and two nodes would spoil each other's lines"
            return loner.issue(message, "one node is enough: \"inputs\" link it with all that need it")
        }
    }

    /// The path without links and `..`; nil for what is no regular file, such as a terminal, which may be shared.
    private static func resolved(_ path: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return nil }
        if let real = real(path) { return real }
        let (folder, name) = split(path)
        return resolvedFolder(folder) + name
    }

    private static func resolved(pattern: String) -> String {
        if let real = real(pattern) { return real }
        let fixed = pattern.firstIndex { "*?[".contains($0) } ?? pattern.endIndex
        let (folder, _) = split(String(pattern[..<fixed]))
        return resolvedFolder(folder) + pattern.dropFirst(folder.count)
    }

    /// The part up to the last slash, and the rest.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }

    /// A folder, with a slash at its end; one that isn't there yet stays as it is written.
    private static func resolvedFolder(_ folder: String) -> String {
        guard let real = real(folder.isEmpty ? "." : folder) else { return folder }
        return real == "/" ? real : real + "/"
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
