import CSQLite
import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillQueue

/// Files that can't be used: what is said about it, and that nothing is lost.
@Suite(.timeLimit(.minutes(2)))
struct TroubleTests {
    /// The error of a call that must not succeed.
    private func error(_ body: () throws -> Void) -> BrokerError? {
        do {
            try body()
            Issue.record("there was no error")
            return nil
        } catch {
            return error as? BrokerError
        }
    }

    @Test func aNewerFileIsLeftAlone() throws {
        let file = try QueueFile()
        try file.push("a")
        _ = try file.store.write(.powerLoss) { try $0.execute("PRAGMA user_version = 2") }
        file.store.close()
        let said = error { try file.push("b") }
        #expect(said?.kind == .misconfigured && said?.message.contains("version 2") == true)
    }

    @Test func aFileOfSomethingElseIsLeftAlone() throws {
        let file = try QueueFile()
        let foreign = try Connection(file.path, creates: true, busyTimeout: .seconds(1))
        try foreign.execute("CREATE TABLE notes (text)")
        #expect(error { try file.push("a") }?.message.contains("SQLite file of something else") == true)
        #expect(try foreign.statement("SELECT count(*) FROM sqlite_schema").first { $0.integer() } == 1)
    }

    @Test func aFileThatIsNoDatabaseIsLeftAlone() throws {
        let file = try QueueFile()
        let text = String(repeating: "These are my notes. ", count: 500)
        try file.folder.write(text, to: "queue.db")
        let said = error { try file.push("a") }
        #expect(said?.kind == .misconfigured && said?.message.contains("no SQLite file") == true)
        #expect(try file.folder.read("queue.db") == text)
    }

    @Test func aDamagedFileIsSaidToBeDamaged() throws {
        let file = try QueueFile()
        _ = try file.store.enqueue((0..<5_000).map { NewMessage(Bytes("message \($0)")) }, to: "q")
        file.store.close()
        let handle = try FileHandle(forWritingTo: file.folder.file("queue.db"))
        try handle.seek(toOffset: 4_096)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: 200_000))
        try handle.close()
        let said = error { _ = try file.lease(5_000) }
        #expect(said?.kind == .misconfigured && said?.message.contains(".recover") == true, "\(said?.message ?? "")")
    }

    @Test func aFullDiskLosesNothingAndIsOverWhenThereIsRoom() throws {
        let file = try QueueFile()
        try file.push("a")
        let pages = try file.store.read { try $0.pragma("page_count") }
        _ = try file.store.read { try $0.pragma("max_page_count = \(pages + 2)") }
        let large = (0..<100).map { _ in NewMessage(Bytes(String(repeating: "x", count: 1_000))) }
        let said = error { _ = try file.store.enqueue(large, to: "q") }
        #expect(said?.kind == .unreachable && said?.message.contains("the disk is full") == true)
        #expect(try file.count(.ready) == 1, "all of a batch or nothing")
        _ = try file.store.read { try $0.pragma("max_page_count = 1000000") }
        _ = try file.store.enqueue(large, to: "q")
        #expect(try file.count(.ready) == 101)
    }

    @Test func writesThatFailAreTheWriteOnes() throws {
        let failure = SQLiteError(SQLITE_IOERR, systemError: ENOSPC, message: "disk I/O error")
        let error = BrokerError(failure, path: "q.db", busyTimeout: .seconds(1))
        #expect(error.kind == .unreachable && error.message.contains("make room on the disk"))
        let denied = SQLiteError(SQLITE_CANTOPEN, systemError: EACCES, message: "unable to open")
        #expect(BrokerError(denied, path: "q.db", busyTimeout: .seconds(1)).kind == .refused)
        let readOnly = SQLiteError(SQLITE_READONLY, message: "attempt to write")
        #expect(BrokerError(readOnly, path: "q.db", busyTimeout: .seconds(1)).kind == .refused)
    }

    @Test func aFolderThatCannotBeMadeIsNamed() throws {
        let folder = try Folder()
        try folder.write("", to: "file")
        let store = QueueStore(folder.file("file/sub/queue.db").path)
        let said = error { try store.open() }
        #expect(said?.kind == .misconfigured && said?.message.contains("file/sub") == true)
    }

    @Test func aLockThatIsHeldTooLongIsNamedAndNothingIsLost() throws {
        let file = try QueueFile()
        try file.push("a")
        let other = try Connection(file.path, creates: false, busyTimeout: .seconds(1))
        try other.execute("BEGIN IMMEDIATE")
        let said = error { try file.push("b") }
        #expect(said?.kind == .unreachable && said?.message.contains("kept it locked") == true)
        #expect(try file.count(.ready) == 1, "reading goes on")
        try other.execute("ROLLBACK")
        try file.push("b")
        #expect(try file.count(.ready) == 2)
    }

    @Test func aFileThatIsRemovedIsMadeAnew() throws {
        let file = try QueueFile()
        try file.push("a")
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { try? file.folder.remove(name) }
        #expect(error { try file.push("b") }?.message.contains("was removed or replaced") == true)
        try file.push("b")
        #expect(try file.lease().texts == ["b"])
    }
}
