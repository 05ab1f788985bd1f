import Foundation
import Testing

@testable import Tidemill
@testable import TidemillConnectors

/// The file of dead letters and the journal beside it, in every state that a crash can leave.
@Suite(.timeLimit(.minutes(10))) struct LetterFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var file: LetterFile { LetterFile(folder.path("dead.jsonl")) }

    private func write(_ lines: [String]) throws { try folder.write("dead.jsonl", lines.map { $0 + "\n" }.joined()) }

    private func letter(_ number: Int, replaces: Int? = nil, stage: String = "work") -> DeadLetter {
        DeadLetter(
            id: id(number),
            job: "in-\(number)",
            metadata: .null,
            value: .integer(Int64(number)),
            stage: stage,
            message: "no",
            kind: "handler",
            attempts: [],
            at: "2024-01-01T00:00:00.000Z",
            replaces: replaces.map { id($0) }
        )
    }

    private func id(_ number: Int) -> DeadLetterID {
        DeadLetterID(Date(timeIntervalSince1970: 0), random: UInt64(number))
    }

    private func line(_ number: Int, replaces: Int? = nil) throws -> String {
        try letter(number, replaces: replaces).record.json()
    }

    /// The numbers of the letters that still count.
    private func standing() throws -> [Int] {
        let gone = try file.gone()
        var reader = try LetterReader(file.path)
        var numbers: [Int] = []
        while let entry = try reader.next() {
            if case .success(let letter) = entry.content, !gone.contains(letter) {
                numbers.append(Int(letter.value.integer ?? 0))
            }
        }
        return numbers
    }

    private func rewrite(dropping dropped: Set<Int> = []) throws -> Int {
        let letters = try LockedLetters(file, logger: .quiet)
        return try letters.rewrite(without: file.gone()) { _, letter in
            dropped.contains(Int(letter.value.integer ?? 0))
        }
    }

    @Test func linesAndWhatIsWrongWithThem() throws {
        try write([try line(1), "", "{", "{\"id\": 1}", String(repeating: "x", count: 600_000), try line(2)])
        try folder.write("dead.jsonl", folder.read("dead.jsonl") + line(3))
        var reader = try LetterReader(file.path)
        var found: [Int: String] = [:]
        while let entry = try reader.next() {
            switch entry.content {
            case .success(let letter): found[entry.line] = "letter \(letter.value)"
            case .failure(let problem): found[entry.line] = problem.description
            }
        }
        #expect(found.keys.sorted() == [1, 3, 4, 5, 6, 7])
        #expect(found[1] == "letter 1" && found[6] == "letter 2" && found[7] == "letter 3")
        #expect(found[3]?.hasPrefix("it is no JSON: ") == true && found[4] == "it has no \"job\"")
    }

    @Test func damagedLinesStayWhereTheyAre() throws {
        try write([try line(1), "{damaged\r", try line(2), try line(3)])
        #expect(try rewrite(dropping: [1, 3]) == 2)
        #expect(try folder.read("dead.jsonl") == "{damaged\r\n" + line(2) + "\n")
        #expect(try folder.names == ["dead.jsonl"])
    }

    @Test func modeAndLinksAreKept() throws {
        try folder.write("real.jsonl", line(1) + "\n")
        #expect(chmod(folder.path("real.jsonl"), 0o640) == 0)
        #expect(symlink("real.jsonl", folder.path("dead.jsonl")) == 0)
        #expect(try rewrite(dropping: [1]) == 1)
        #expect(try folder.read("real.jsonl") == "")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("dead.jsonl")) == "real.jsonl")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path("real.jsonl"))[.posixPermissions]
        #expect(mode as? Int == 0o640)
    }

    @Test func whatAJournalSaysIsDone() throws {
        try write([try line(1), try line(2), try line(3)])
        // Its last name was being written when the process was killed.
        try folder.write("dead.jsonl.replay", "\n\(id(2))\n\(String(id(3).description.dropLast()))")
        #expect(try standing() == [1, 3])
        #expect(try rewrite() == 0)
        #expect(try standing() == [1, 3])
        #expect(try folder.names == ["dead.jsonl"])
    }

    /// A part of job 1 failed again before the crash; it will be replayed as a whole, so that part doesn't count.
    @Test func whatAnUnfinishedReplayMade() throws {
        try write([try line(1), try line(2), try line(3, replaces: 1), try line(4, replaces: 2)])
        try folder.write("dead.jsonl.replay", "\(id(2))\n")
        #expect(try standing() == [1, 4])
        #expect(try rewrite() == 0)
        #expect(try standing() == [1, 4])
        #expect(try folder.read("dead.jsonl") == line(1) + "\n" + line(4, replaces: 2) + "\n")
    }

    /// What an unfinished replay made is gone before its letter is replayed again.
    @Test func aReplayBeginsWithAWholeFile() throws {
        try write([try line(1), try line(2), try line(3, replaces: 1)])
        try folder.write("dead.jsonl.replay", "\(id(2))\n")
        let letters = try LockedLetters.recovered(file)
        #expect(try folder.read("dead.jsonl") == line(1) + "\n" && folder.names == ["dead.jsonl"])
        #expect(letters.size == (try line(1)).utf8.count + 1)
        #expect(throws: LockedLetters.InUse.self) { try LockedLetters.recovered(file) }
    }

    @Test func aJournalThatWasFoldedInAlready() throws {
        try write([try line(1)])
        try folder.write("dead.jsonl.replay", "\(id(7))\n")
        try folder.write("dead.jsonl.new", "left behind")
        #expect(try standing() == [1])
        #expect(try rewrite() == 0)
        #expect(try folder.names == ["dead.jsonl"])
    }

    @Test func halfALineIsCutOffAndAWholeOneIsEnded() throws {
        try folder.write("dead.jsonl", line(1) + "\n" + line(2).dropLast(5))
        #expect(try rewrite() == 0)
        #expect(try folder.read("dead.jsonl") == line(1) + "\n")
        try folder.write("dead.jsonl", line(1) + "\n" + line(2))
        #expect(try rewrite() == 0)
        #expect(try folder.read("dead.jsonl") == line(1) + "\n" + line(2) + "\n")
    }

    @Test func oneAtATime() async throws {
        try write([try line(1)])
        let sink = FileSink(folder.path("dead.jsonl"), mode: .append)
        try await sink.open()
        #expect(throws: LockedLetters.InUse.self) { try LockedLetters(file) }
        try await sink.close()
        let letters = try LockedLetters(file)
        await #expect(throws: FileProblem.self) { try await sink.open() }
        #expect(letters.size > 0)
    }

    /// Who waits for nothing but opens at the wrong moment must not write into a file that has lost its name.
    @Test func writersAndRewritersInTurn() async throws {
        try write([])
        let path = folder.path("dead.jsonl")
        let count = 200
        try await withThrowingTaskGroup { group in
            group.addTask {
                for number in 1...count {
                    let sink = FileSink(path, mode: .append, logger: .quiet)
                    while (try? await sink.open()) == nil { await Task.yield() }
                    _ = try await sink.write([self.letter(number).record])
                    try await sink.close()
                }
            }
            group.addTask {
                for _ in 0..<count {
                    guard let letters = try? LockedLetters(LetterFile(path), logger: .quiet) else {
                        await Task.yield()
                        continue
                    }
                    _ = try letters.rewrite(without: GoneLetters()) { entry, _ in entry.line.isMultiple(of: 1_000) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try standing() == Array(1...count))
    }

    @Test func filters() throws {
        var one = letter(1)
        one.value = ["list": ["needle\n", 4711], "é": true]
        one.kind = "timeout"
        let two = letter(2, stage: "other")
        func accepted(_ change: (inout LetterFilter) -> Void) -> [Bool] {
            var filter = LetterFilter()
            change(&filter)
            return [filter.accepts(one), filter.accepts(two)]
        }
        #expect(accepted { _ in } == [true, true])
        #expect(accepted { $0.stages = ["other", "none"] } == [false, true])
        #expect(accepted { $0.kinds = ["timeout"] } == [true, false])
        #expect(accepted { $0.ids = [two.id] } == [false, true])
        for text in ["needle\n", "471", "é"] { #expect(accepted { $0.text = text } == [true, false]) }
        #expect(accepted { $0.text = "no" } == [true, true])
        #expect(accepted { $0.since = LetterTime.date("2024-01-01T00:00:00.001Z") } == [false, false])
        #expect(accepted { $0.since = LetterTime.date("2024-01-01") } == [true, true])
        #expect(accepted { $0.until = LetterTime.date("2023-12-31") } == [false, false])
    }
}
