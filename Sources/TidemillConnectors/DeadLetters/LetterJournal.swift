import Glibc
import Synchronization
import Tidemill
import TidemillValue

/// Remembers on the disk which letters a replay has done: their names, a line each.
final class LetterJournal: Sendable {
    private let path: String
    private let descriptor = Mutex<Descriptor?>(nil)
    private let waiting = Mutex<[DeadLetterID]>([])

    init(_ path: String) { self.path = path }

    /// Begins it.
    func open() throws {
        let descriptor = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
        try synchronizeFolder(of: path)
        self.descriptor.withLock { $0 = descriptor }
    }

    /// The names in the journal; nil where there is none.
    static func read(_ path: String) throws -> Set<DeadLetterID>? {
        guard access(path, F_OK) == 0 else { return nil }
        var names: Set<DeadLetterID> = []
        var reader = LineReader(DescriptorInput(try Descriptor.open(path, O_RDONLY), path: path, stop: nil), limit: 64)
        repeat {
            while let item = reader.next() {
                if case .line(let text) = item, let id = DeadLetterID(String(text)) { names.insert(id) }
            }
        } while try reader.fill()
        return names
    }

    /// Notes a letter, which is on the disk after the next ``flush()``.
    func note(_ id: DeadLetterID) { waiting.withLock { $0.append(id) } }

    /// Writes what was noted to the disk.
    func flush() throws(SystemError) {
        let names = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !names.isEmpty, let descriptor = descriptor.withLock({ $0 }) else { return }
        let text = Array(names.map { "\($0)\n" }.joined().utf8)
        var written = 0
        while written < text.count {
            let count = text[written...].withUnsafeBytes { bytes in
                retryingInterrupts { write(descriptor.raw, bytes.baseAddress, bytes.count) }
            }
            guard count > 0 else { throw SystemError(path, "can't write to it") }
            written += count
        }
        guard fdatasync(descriptor.raw) == 0 else { throw SystemError(path, "can't write it to the disk") }
    }
}
