import Glibc
package import Logging
import Synchronization
package import Tidemill
import TidemillValue

/// A file of dead letters that nobody else writes, from its opening to the end of its life.
package final class LockedLetters: Sendable {
    package let file: LetterFile
    private let descriptor: Descriptor
    private let writer: Mutex<OutputWriter>
    /// How long the file was when it was opened.
    package let size: Int

    /// Somebody else writes the file.
    package struct InUse: Error {}

    /// Opens and locks the file, which is there, and repairs its last line.
    ///
    /// - Throws: ``InUse``, or what the system says.
    package init(_ file: LetterFile, logger: Logger = Logger(label: "tidemill.dead-letters")) throws {
        self.file = file
        guard let descriptor = try Descriptor.openAlone(file.path, O_RDWR) else { throw InUse() }
        let status = try descriptor.status()
        guard status.kind == .regular else { throw FileProblem(file.path, "is no regular file") }
        self.descriptor = descriptor
        size = try Self.repair(descriptor, file.path, size: status.size, logger)
        guard lseek(descriptor.raw, size, SEEK_SET) == size else { throw SystemError(file.path, "can't write to it") }
        writer = Mutex(OutputWriter(descriptor, path: file.path, end: size))
    }

    /// Opens and locks the file for a replay, and first puts into it what one that was killed has left beside it.
    ///
    /// What an unfinished replay made of a letter must be gone before the letter is replayed again: later nothing
    /// would tell it from what comes of that.
    package static func recovered(_ file: LetterFile) throws -> LockedLetters {
        if access(file.journalPath, F_OK) == 0 { try recover(file) }
        return try LockedLetters(file)
    }

    private static func recover(_ file: LetterFile) throws {
        try LockedLetters(file).rewrite(without: file.gone()) { _, _ in false }
    }

    /// A last line without an end gets one if it is a letter; half a line is cut off: its job never counted as done.
    private static func repair(_ descriptor: Descriptor, _ path: String, size: Int, _ logger: Logger) throws -> Int {
        let end = try OutputRepair(descriptor: descriptor, path: path).endOfLastLine(size: size)
        if end == size { return size }
        var reader = try LetterReader(path)
        var last: LetterEntry?
        while let entry = try reader.next() { last = entry }
        if case .success? = last?.content {
            guard pwrite(descriptor.raw, "\n", 1, size) == 1 else { throw SystemError(path, "can't write to it") }
            return size + 1
        }
        guard ftruncate(descriptor.raw, end) == 0 else { throw SystemError(path, "can't write to it") }
        logger.warning(
            "cut off half a line at the end of the file",
            metadata: ["path": "\(path)", "line": "\(last?.line ?? 0)", "bytes": "\(size - end)"]
        )
        return end
    }

    /// Appends whole lines; they are on the disk when it returns.
    func append(_ lines: Bytes) throws {
        try writer.withLock { writer in
            try lines.withUnsafeBytes { try writer.write([$0]) }
            try writer.synchronizeData()
        }
    }

    /// Replaces the file, in one step, by one without the letters that are gone and those that `drop` says, and ends
    /// the journal, of which nothing is left to do then.
    ///
    /// Damaged lines stay. It is the last thing to do with the file.
    ///
    /// - Returns: how many letters `drop` chose.
    @discardableResult
    package func rewrite(without gone: GoneLetters, dropping drop: (LetterEntry, DeadLetter) -> Bool) throws -> Int {
        var status = stat()
        guard fstat(descriptor.raw, &status) == 0 else { throw SystemError(file.path, "can't look at it") }
        let new = try Descriptor.open(file.newPath, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
        // Who opens the new file as soon as it has its name must find it locked as long as the journal is there.
        guard flock(new.raw, LOCK_EX | LOCK_NB) == 0 else { throw SystemError(file.newPath, "can't lock it") }
        var copy = LetterCopy(new, path: file.newPath)
        var (chosen, removed) = (0, 0)
        var reader = try LetterReader(file.path)
        while let entry = try reader.next() {
            if case .success(let letter) = entry.content {
                let isChosen = !gone.contains(letter) && drop(entry, letter)
                if isChosen { chosen += 1 }
                if isChosen || gone.contains(letter) {
                    removed += 1
                    continue
                }
            }
            try copy.append(entry.text)
        }
        try copy.flush()
        if removed > 0 {
            try replace(by: new, status)
        } else {
            unlink(file.newPath)
        }
        guard unlink(file.journalPath) == 0 || errno == ENOENT else {
            throw SystemError(file.journalPath, "can't remove it")
        }
        try synchronizeFolder(of: file.path)
        return chosen
    }

    private func replace(by new: Descriptor, _ status: stat) throws(SystemError) {
        // The owner only root can keep.
        _ = fchown(new.raw, status.st_uid, status.st_gid)
        guard fchmod(new.raw, status.st_mode & 0o7777) == 0, fsync(new.raw) == 0 else {
            throw SystemError(file.newPath, "can't write it to the disk")
        }
        guard rename(file.newPath, file.path) == 0 else { throw SystemError(file.path, "can't replace it") }
        try synchronizeFolder(of: file.path)
    }
}

/// Lines on their way into a new file, a good many at a time.
private struct LetterCopy: ~Copyable {
    private static let portion = 1 << 20

    private var lines = ByteWriter()
    private var writer: OutputWriter

    init(_ descriptor: Descriptor, path: String) { writer = OutputWriter(descriptor, path: path, end: 0) }

    mutating func append(_ line: Bytes) throws {
        lines.append(line)
        lines.append(UInt8(ascii: "\n"))
        if lines.count >= Self.portion { try flush() }
    }

    mutating func flush() throws {
        let text = lines.take()
        try text.withUnsafeBytes { try writer.write([$0]) }
    }
}
