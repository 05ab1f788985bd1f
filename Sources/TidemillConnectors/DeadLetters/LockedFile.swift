import Glibc

extension Descriptor {
    /// Opens a file to write it while nobody else does; nil where somebody else does already.
    ///
    /// What is no regular file, such as a terminal, may be shared, and isn't locked.
    static func openAlone(_ path: String, _ flags: Int32) throws(SystemError) -> Descriptor? {
        while true {
            let descriptor = try Descriptor.open(path, flags)
            guard try descriptor.status().kind == .regular else { return descriptor }
            guard try descriptor.lock(path) else { return nil }
            // Between the two calls another file may have got the name; what is written to this one would be lost.
            if descriptor.isNamed(path) { return descriptor }
        }
    }

    private func isNamed(_ path: String) -> Bool {
        var (own, named) = (stat(), stat())
        guard fstat(raw, &own) == 0, stat(path, &named) == 0 else { return false }
        return own.st_dev == named.st_dev && own.st_ino == named.st_ino
    }
}

/// Waits until the names in a file's folder are on the disk, so that a new file is found there after a crash.
func synchronizeFolder(of path: String) throws(SystemError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
    // Some file systems can't, and then there is nothing to wait for.
    guard fsync(descriptor.raw) == 0 || errno == EINVAL else {
        throw SystemError(folder, "can't write it to the disk")
    }
}
