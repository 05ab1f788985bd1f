import Glibc

/// The path of a directory or file without links.
func realPath(of path: String) throws(SystemError) -> String {
    guard let resolved = realpath(path, nil) else { throw SystemError(path, "can't read the directory") }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Whether a name matches a glob, which may have ksh's `@(a|b)` in it; `*` does not match a dot in front.
func fileName(_ name: String, matches pattern: String) -> Bool {
    // GNU's FNM_EXTMATCH, which Swift does not get to see.
    let extended: CInt = 1 << 5
    return fnmatch(pattern, name, FNM_PERIOD | extended) == 0
}

/// Finds the files of a directory, in the order of their names.
struct DirectoryListing {
    struct Entry {
        /// Beneath the directory, as in `2024/a.png`.
        let name: String
        let path: String
    }

    let root: String
    let pattern: String
    let isRecursive: Bool
    /// Called for a symbolic link that leads out of the directory.
    let skipped: (String) -> Void

    /// The regular files whose name matches, those of subdirectories among them.
    ///
    /// - Throws: when the directory or one beneath it can't be read.
    func files() throws -> [Entry] {
        let resolved = try realPath(of: root)
        let home = resolved == "/" ? resolved : resolved + "/"
        var files: [Entry] = []
        try visit("", home: home, into: &files)
        return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private func visit(_ folder: String, home: String, into files: inout [Entry]) throws {
        for name in try names(in: folder.isEmpty ? root : "\(root)/\(folder)") {
            let below = folder.isEmpty ? name : "\(folder)/\(name)"
            let path = "\(root)/\(below)"
            var status = stat()
            // Gone since it was listed.
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR where isRecursive: try visit(below, home: home, into: &files)
            case S_IFREG where matches(name): files.append(Entry(name: below, path: path))
            case S_IFLNK where matches(name):
                // A link to a directory is not followed: it may lead in circles.
                guard let kind = try? FileStatus.of(path).kind, kind == .regular else { continue }
                if (try? realPath(of: path))?.hasPrefix(home) == true {
                    files.append(Entry(name: below, path: path))
                } else {
                    skipped(path)
                }
            default: continue
            }
        }
    }

    private func matches(_ name: String) -> Bool {
        fileName(name, matches: pattern)
    }

    private func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw SystemError(folder, "can't read the directory") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
