import Glibc
import Synchronization

/// An open file that is closed with its owner.
final class Descriptor: Sendable {
    let raw: Int32
    private let owned: Bool
    private let isLocked = Atomic<Bool>(false)

    /// Takes over an open descriptor; one that is only borrowed, as standard input is, stays open.
    init(_ raw: Int32, owned: Bool = true) {
        self.raw = raw
        self.owned = owned
    }

    deinit {
        // A child process that is just being started has a copy of the descriptor, which would keep the lock.
        if isLocked.load(ordering: .relaxed) { flock(raw, LOCK_UN) }
        if owned { close(raw) }
    }

    /// Keeps others from locking the file as long as this is open; false if somebody else does.
    func lock(_ path: String) throws(SystemError) -> Bool {
        guard flock(raw, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError(path, "can't lock it") }
            return false
        }
        isLocked.store(true, ordering: .relaxed)
        return true
    }

    /// Opens a file.
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o666) throws(SystemError) -> Descriptor {
        let raw = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard raw >= 0 else { throw SystemError(path, "can't open it") }
        return Descriptor(raw)
    }

    /// Opens a file beneath a directory; nil with `errno` set where that fails.
    func open(beneath name: String, _ flags: Int32, mode: mode_t = 0o666) -> Descriptor? {
        let raw = openat(self.raw, name, flags | O_CLOEXEC, mode)
        return raw >= 0 ? Descriptor(raw) : nil
    }

    /// What the system knows about it.
    func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw SystemError("descriptor \(raw)", "can't look at it") }
        return FileStatus(status)
    }
}

/// The part of `stat` that components ask for.
struct FileStatus {
    enum Kind { case regular, directory, other }

    /// What tells a file from all others that are there, whatever it is called.
    struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    let kind: Kind
    let identity: Identity
    let size: Int
    let modified: Int
    /// The time of the last change to its bytes, in nanoseconds since 1970.
    let modifiedNanoseconds: Int

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            default: .other
            }
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        size = status.st_size
        modified = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    }

    /// Follows symbolic links.
    static func of(_ path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError(path, "can't look at it") }
        return FileStatus(status)
    }
}
