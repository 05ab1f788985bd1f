import Glibc

/// The files that a list of paths and globs stands for.
struct FilePaths {
    struct Entry {
        let path: String
        let size: Int
        /// Whether reading it may wait for ever, as for a FIFO's writer.
        let mayWait: Bool
        /// Whether a glob found it, rather than the configuration naming it.
        let isMatch: Bool
    }

    /// In the order of the list; what a glob matches, in the order of its bytes.
    ///
    /// - Throws: for a file that is named and can't be read, and for a glob that matches nothing.
    static func resolve(_ paths: [String]) throws -> [Entry] {
        var entries: [Entry] = []
        for path in paths {
            if isGlob(path), access(path, F_OK) != 0 {
                entries += try matches(of: path)
            } else {
                entries.append(try named(path))
            }
        }
        return entries
    }

    /// What is wrong with a path or glob now, before anything runs.
    static func problem(with path: String) -> (message: String, hint: String?)? {
        do {
            _ = try resolve([path])
            return nil
        } catch let error as SystemError where error.code == ENOENT {
            return ("\(path): there is no such file", "paths start from the folder of the configuration file")
        } catch {
            return (String(describing: error), nil)
        }
    }

    /// A file may really be called `a[1].log`: a path is a glob only where there is no such file.
    private static func isGlob(_ path: String) -> Bool {
        path.contains { "*?[".contains($0) }
    }

    private static func named(_ path: String) throws -> Entry {
        let status = try FileStatus.of(path)
        if status.kind == .directory {
            throw FileProblem(path, "is a directory, not a file (a source of type \"directory\" reads its files)")
        }
        guard access(path, R_OK) == 0 else { throw SystemError(path, "can't read it") }
        let isRegular = status.kind == .regular
        return Entry(path: path, size: isRegular ? status.size : 0, mayWait: !isRegular, isMatch: false)
    }

    private static func matches(of pattern: String) throws -> [Entry] {
        var found = glob_t()
        defer { globfree(&found) }
        // Without setlocale, as here, the order is that of the bytes.
        let code = glob(pattern, 0, nil, &found)
        guard code == 0 || code == GLOB_NOMATCH else { throw SystemError(pattern, "can't look for it", ENOMEM) }
        var entries: [Entry] = []
        for index in 0..<Int(found.gl_pathc) {
            guard let match = found.gl_pathv[index] else { continue }
            let path = String(cString: match)
            let status = try? FileStatus.of(path)
            // One that can't even be looked at fails when it is opened.
            guard status.map({ $0.kind == .regular }) ?? true else { continue }
            entries.append(Entry(path: path, size: status?.size ?? 0, mayWait: false, isMatch: true))
        }
        if entries.isEmpty { throw FileProblem(pattern, "no file matches") }
        return entries
    }
}
