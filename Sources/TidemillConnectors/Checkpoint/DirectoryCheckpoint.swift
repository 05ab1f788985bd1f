import Logging
import Synchronization
import Tidemill
import TidemillValue

/// Which files of a directory are done, written down as each is settled.
final class DirectoryCheckpoint: Sendable {
    /// What a file was like when it was read: another size or time makes it a new one.
    struct Stamp: Hashable {
        let size: Int
        /// In nanoseconds.
        let modified: Int

        init(_ status: FileStatus) {
            size = status.size
            modified = status.modifiedNanoseconds
        }

        fileprivate init?(_ value: Value) {
            guard let size = value["size"]?.integer, let modified = value["modified"]?.integer else { return nil }
            self.size = Int(size)
            self.modified = Int(modified)
        }
    }

    private struct State {
        var file: CheckpointFile
        var done: [String: Stamp]
        /// Why nothing could be written down any more.
        var failure: (any Error)?
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let unsettled = Atomic<Int>(0)

    /// Opens the checkpoint of the source `node` in a folder, for the directory at `path`.
    ///
    /// - Throws: as ``CheckpointFile/open(_:of:)``.
    init(folder: String, node: String, path: String, logger: Logger) throws {
        self.logger = logger
        let home = try realPath(of: path)
        let journal = CheckpointFields.path(folder, node)
        let identity: Value = ["source": "directory", "path": .string(Bytes(home))]
        var (file, content) = try CheckpointFile.open(journal, of: identity)
        if content.cut > 0 { logger.logCut(of: journal, content.cut) }
        var done: [String: Stamp] = [:]
        for record in content.records { if let name = record["name"]?.text { done[name] = Stamp(record) } }
        if content.records.count > 64 {
            for name in done.keys where (try? FileStatus.of("\(home)/\(name)")) == nil { done[name] = nil }
        }
        if content.records.count > 2 * done.count + 64 { try file.rewrite(done.map(Self.record)) }
        state = Mutex(State(file: file, done: done))
    }

    /// Whether the file was settled as it is now.
    func isDone(_ name: String, _ stamp: Stamp) -> Bool { state.withLock { $0.done[name] == stamp } }

    /// Notes what became of a file; to be called from any thread.
    func note(_ name: String, _ stamp: Stamp, _ outcome: Outcome) {
        guard outcome.isSettled else {
            unsettled.add(1, ordering: .relaxed)
            return
        }
        state.withLock { state in
            guard state.failure == nil else { return }
            do {
                state.done[name] = stamp
                if state.file.hasGrown {
                    try state.file.rewrite(state.done.map(Self.record))
                } else {
                    try state.file.append([Self.record(name, stamp)])
                }
            } catch {
                state.failure = error
            }
        }
    }

    /// - Throws: what kept it from writing something down.
    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Waits until all is on the disk, and lets others have it.
    func close() throws {
        try check()
        try state.withLock { try $0.file.synchronize() }
        let count = unsettled.load(ordering: .relaxed)
        if count > 0 {
            logger.notice("some files were not settled: the next run reads them again", metadata: ["files": "\(count)"])
        }
    }

    private static func record(_ name: String, _ stamp: Stamp) -> Value {
        [
            "name": .string(Bytes(name)), "size": .integer(Int64(stamp.size)),
            "modified": .integer(Int64(stamp.modified)),
        ]
    }
}
