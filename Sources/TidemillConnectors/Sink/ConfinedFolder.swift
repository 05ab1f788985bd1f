import Glibc

/// A folder in which names from jobs become files, and which no name leads out of: neither by `..` or `/` at its
/// front nor by a symbolic link on its way, for every folder is opened beneath the one before it without following
/// links.
struct ConfinedFolder {
    /// Between a file's name and a number, in the name of a file that is being written.
    private static let mark = ".tmp-"

    let path: String
    private let root: Descriptor

    /// Opens the folder, which is made if need be, and removes what a crash left, unless another process works there.
    init(_ path: String) throws {
        self.path = path
        try makeParents(of: path + "/")
        root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        // Everybody who writes here holds the lock together; alone, one may clean up.
        if flock(root.raw, LOCK_EX | LOCK_NB) == 0 { Self.removeLeftovers(in: root) }
        guard flock(root.raw, LOCK_SH) == 0 else { throw SystemError(path, "can't lock it") }
    }

    /// The parts of a name, or what is wrong with it.
    static func parts(of name: String) throws(FileProblem) -> [String] {
        let shown = name.isEmpty ? "an empty name" : "the name \"\(name.prefix(200))\""
        guard !name.utf8.contains(0) else { throw FileProblem("a name with a NUL in it", "is no file name") }
        guard !name.hasPrefix("/") else { throw FileProblem(shown, "leads out of the directory: it is absolute") }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for part in parts {
            if part == ".." { throw FileProblem(shown, "leads out of the directory") }
            if part.isEmpty || part == "." { throw FileProblem(shown, "has an empty part") }
            if isTemporary(part) { throw FileProblem(shown, "looks like a file that is being written") }
        }
        return parts
    }

    /// Writes a file under another name and then renames it, so that nobody ever sees half of it.
    func write(_ name: String, number: UInt64, replaces: Bool, _ body: (Descriptor) throws -> Void) throws {
        var parts = try Self.parts(of: name)
        let last = parts.removeLast()
        let folder = try parts.reduce(root) { try enter($1, in: $0, name) }
        // The system limits names to 255 bytes; a name near that must fit with the mark too.
        let stem = String(decoding: last.utf8.prefix(180), as: UTF8.self)
        let temporary = ".\(stem)\(Self.mark)\(getpid())-\(number)"
        guard let file = folder.open(beneath: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) else {
            throw SystemError("\(path)/\(name)", "can't write it")
        }
        do {
            try body(file)
            try put(temporary, as: last, in: folder, replaces: replaces, name)
        } catch {
            unlinkat(folder.raw, temporary, 0)
            throw error
        }
    }

    private func enter(_ part: String, in folder: Descriptor, _ name: String) throws -> Descriptor {
        if mkdirat(folder.raw, part, 0o777) != 0, errno != EEXIST {
            throw SystemError("\(path)/\(name)", "can't make its folder")
        }
        if let next = folder.open(beneath: part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) { return next }
        guard errno == ELOOP || errno == ENOTDIR else { throw SystemError("\(path)/\(name)", "can't open its folder") }
        throw FileProblem("\(path)/\(name)", "\"\(part)\" is a symbolic link or no folder, and is not followed")
    }

    private func put(
        _ temporary: String,
        as last: String,
        in folder: Descriptor,
        replaces: Bool,
        _ name: String
    ) throws {
        if replaces {
            // A symbolic link of that name is replaced itself, not what it leads to.
            guard renameat(folder.raw, temporary, folder.raw, last) == 0 else {
                throw SystemError("\(path)/\(name)", "can't write it")
            }
        } else {
            guard linkat(folder.raw, temporary, folder.raw, last, 0) == 0 else {
                if errno == EEXIST { throw FileProblem("\(path)/\(name)", "is there already (if_exists)") }
                throw SystemError("\(path)/\(name)", "can't write it")
            }
            unlinkat(folder.raw, temporary, 0)
        }
    }

    /// Whether a name is one that ``write(_:number:replaces:_:)`` makes up.
    private static func isTemporary(_ name: String) -> Bool {
        guard name.hasPrefix("."), let mark = name.range(ofLast: mark) else { return false }
        let numbers = name[mark...].dropFirst(Self.mark.count).split(separator: "-", omittingEmptySubsequences: false)
        return numbers.count == 2 && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
    }

    private static func removeLeftovers(in folder: Descriptor) {
        // The stream closes the descriptor that it is made of.
        let copy = dup(folder.raw)
        guard copy >= 0, let stream = fdopendir(copy) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if isTemporary(name) {
                unlinkat(folder.raw, name, 0)
            } else if name != ".", name != "..",
                let below = folder.open(beneath: name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            {
                removeLeftovers(in: below)
            }
        }
    }
}

extension String {
    /// Where `part` begins for the last time.
    fileprivate func range(ofLast part: String) -> Index? {
        var place = endIndex
        while true {
            if self[place...].hasPrefix(part) { return place }
            guard place > startIndex else { return nil }
            place = index(before: place)
        }
    }
}
