import Foundation
import Synchronization
import Testing
import Tidemill
import TidemillTesting

@testable import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct FileSinkTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func jsonLines() async throws {
        let sink = FileSink(folder.path("deep/er/out.jsonl"))
        let values: [Value] = [["a": 1, "b": "x\ny"], "text", .null, true, 1.5, [1, [2]], .number(.infinity)]
        let failures = try await written(values, to: sink)
        #expect(failures == [6: "it can't be written as JSON: inf has no JSON form"])
        #expect(
            try folder.read("deep/er/out.jsonl") == "{\"a\":1,\"b\":\"x\\ny\"}\n\"text\"\nnull\ntrue\n1.5\n[1,[2]]\n"
        )
        #expect(sink.acceptsJSONLines)
    }

    @Test func lines() async throws {
        let sink = FileSink(folder.path("out"), format: .lines)
        let values: [Value] = ["a", 1, "b\nc", true, ["x": 1], .null, "", .string(Bytes([0xFF, 0]))]
        let failures = try await written(values, to: sink)
        #expect(failures.keys.sorted() == [2, 4, 5])
        #expect(failures[4] == "a table can't be written in the format lines (json_lines can write it)")
        let found = try Data(contentsOf: URL(fileURLWithPath: folder.path("out")))
        #expect(Array(found) == Array("a\n1\ntrue\n\n".utf8) + [0xFF, 0, 0x0A])
        #expect(!sink.acceptsJSONLines)
    }

    @Test func raw() async throws {
        let failures = try await written(
            ["a\n", "b", [1], .object(Blob("blob"))],
            to: FileSink(folder.path("out"), format: .raw)
        )
        #expect(failures.keys.sorted() == [2])
        #expect(try folder.read("out") == "a\nbblob")
    }

    @Test func renderedTextIsWrittenFromWhereItLies() async throws {
        let lines = (0..<2000).map { "{\"n\":\($0)}\n" }
        let memory = Bytes(lines.joined())
        var values: [Value] = []
        var start = 0
        for line in lines {
            values.append(.record(Record(text: memory.slice(start..<start + line.utf8.count))))
            start += line.utf8.count
        }
        let calls = Mutex<[(count: Int, address: UInt)]>([])
        let sink = FileSink(folder.path("out"), format: .jsonLines, mode: .replace, logger: .quiet) {
            file,
            vectors,
            count in
            calls.withLock { $0.append((Int(count), UInt(bitPattern: vectors[0].iov_base))) }
            return writev(file, vectors, count)
        }
        _ = try await written(values, to: sink)
        #expect(try folder.read("out") == lines.joined())
        let address = memory.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(calls.withLock { $0.count == 1 && $0[0].count == 1 && $0[0].address == address })
    }

    @Test(arguments: 0..<30)
    func textAndOtherValuesKeepTheirOrder(seed: Int) async throws {
        var numbers = SeededRandom(seed: seed)
        var expected = ""
        var values: [Value] = []
        for _ in 0..<Int.random(in: 1...50, using: &numbers) {
            let text = "[\"" + String(repeating: "x", count: Int.random(in: 0...9000, using: &numbers)) + "\"]"
            expected += text + "\n"
            switch Int.random(in: 0...2, using: &numbers) {
            case 0: values.append(try Value(json: text))
            case 1: values.append(.record(Record(text: Bytes(text))))
            default: values.append(.record(Record(text: Bytes(text + "\n"))))
            }
        }
        _ = try await written(values, to: FileSink(folder.path("out")))
        #expect(try folder.read("out") == expected)
    }

    @Test func replaceAndAppend() async throws {
        try folder.write("out", "old\n")
        _ = try await written(["a"], to: FileSink(folder.path("out"), format: .lines, mode: .append))
        #expect(try folder.read("out") == "old\na\n")
        _ = try await written(["b"], to: FileSink(folder.path("out"), format: .lines))
        #expect(try folder.read("out") == "b\n")
    }

    @Test(arguments: [("a\nb\nhal", "a\nb\n"), ("half", ""), ("a\n", "a\n"), ("", "")])
    func appendCutsHalfALine(before: String, kept: String) async throws {
        try folder.write("out", before)
        let sink = FileSink(folder.path("out"), format: .lines, mode: .append, logger: .quiet)
        _ = try await written(["new"], to: sink)
        #expect(try folder.read("out") == kept + "new\n")
    }

    /// A run is killed after every byte of its last write: what earlier writes put there stays, and no half line does.
    @Test(arguments: [OutputFormat.lines, .jsonLines, .csv(columns: ["a", "b"], delimiter: UInt8(ascii: ","))])
    func repairAfterAKillAtEveryByte(format: OutputFormat) async throws {
        func values(_ text: String) -> [Value] {
            switch format {
            case .csv: [["a": .string(Bytes(text)), "b": "x\n\"y\""], ["a": "1", "b": ""]]
            case .jsonLines: [["a": .string(Bytes(text + "\n"))], "é"]
            default: [.string(Bytes(text)), "é"]
            }
        }
        func sink() -> FileSink { FileSink(folder.path("out"), format: format, mode: .append, logger: .quiet) }
        _ = try await written(values("first"), to: sink())
        let settled = try folder.read("out")
        _ = try await written(values("second"), to: sink())
        let all = Array(try folder.read("out").utf8)
        let second = String(decoding: all[settled.utf8.count...], as: UTF8.self)
        for count in settled.utf8.count...all.count {
            try folder.write("out", all[..<count])
            try await sink().open()
            let kept = try folder.read("out")
            #expect(kept.hasPrefix(settled) && String(decoding: all, as: UTF8.self).hasPrefix(kept), "\(count)")
            _ = try await written(values("second"), to: sink())
            #expect(try folder.read("out") == kept + second, "\(count)")
        }
    }

    @Test func appendFindsALineEndFarAway() async throws {
        try folder.write("out", "first\n" + String(repeating: "x", count: 200_000))
        let sink = FileSink(folder.path("out"), format: .lines, mode: .append, logger: .quiet)
        _ = try await written(["new"], to: sink)
        #expect(try folder.read("out") == "first\nnew\n")
    }

    @Test func twoSinksOnOneFile() async throws {
        let first = FileSink(folder.path("out"), format: .lines)
        try await first.open()
        _ = try await first.write(["kept"])
        let second = FileSink(folder.path("out"), format: .lines)
        let error = await #expect(throws: FileProblem.self) { try await second.open() }
        #expect(error?.description == "\(folder.path("out")): another sink or process is writing it")
        try await first.close()
        #expect(try folder.read("out") == "kept\n")
        try await second.open()
    }

    @Test func unusablePaths() async throws {
        try folder.write("file", "x")
        for (path, reason) in [
            (folder.path, "can't open it: Is a directory"),
            (folder.path("file/out"), "can't open it: Not a directory"),
            (folder.path("file/sub/out"), "can't make the folder: Not a directory"),
        ] {
            let error = await #expect(throws: SystemError.self) { try await FileSink(path).open() }
            #expect(error?.description.hasSuffix(reason) == true, "\(String(describing: error))")
        }
    }

    @Test func fullDisk() async throws {
        let sink = FileSink("/dev/full")
        try await sink.open()
        let error = await #expect(throws: SystemError.self) { _ = try await sink.write(["a"]) }
        #expect(error?.description == "/dev/full: can't write to it: No space left on device")
    }

    /// The disk is full after every number of bytes: what is left is always whole batches.
    @Test func noHalfLineWhereverTheDiskIsFull() async throws {
        let batches: [[Value]] = [[["a": 1], ["b": 2]], [["c": [1, 2, 3]]], [["d": "x"], ["e": .null]]]
        let texts = ["{\"a\":1}\n{\"b\":2}\n", "{\"c\":[1,2,3]}\n", "{\"d\":\"x\"}\n{\"e\":null}\n"]
        for room in 0..<texts.joined().utf8.count {
            let left = Mutex(room)
            let sink = FileSink(folder.path("out"), format: .jsonLines, mode: .replace, logger: .quiet) {
                file,
                vectors,
                _ in
                let allowed = left.withLock { left in
                    let allowed = min(left, vectors[0].iov_len, 3)
                    left -= allowed
                    return allowed
                }
                if allowed == 0 {
                    errno = ENOSPC
                    return -1
                }
                return write(file, vectors[0].iov_base, allowed)
            }
            try await sink.open()
            var whole = ""
            for (batch, text) in zip(batches, texts) {
                do {
                    _ = try await sink.write(batch)
                    whole += text
                } catch {
                    #expect(
                        String(describing: error) == "\(folder.path("out")): can't write to it: No space left on device"
                    )
                    break
                }
            }
            try await sink.close()
            #expect(try folder.read("out") == whole, "with room for \(room) bytes")
            // There is room again.
            let again = FileSink(folder.path("out"), format: .jsonLines, mode: .append, logger: .quiet)
            _ = try await written([7], to: again)
            #expect(try folder.read("out") == whole + "7\n")
        }
    }

    @Test func aFullDiskEndsThePipeline() async throws {
        let pipeline = try Pipeline(
            name: "test",
            nodes: [
                .source("in") { for _ in 0..<10 { try await $0.send("a") } }, .sink("out", FileSink("/dev/full")),
            ]
        )
        let error = await #expect(throws: PipelineError.self) { try await pipeline.run() }
        #expect(error?.description == "out: /dev/full: can't write to it: No space left on device")
        #expect(pipeline.snapshot().books.balance)
    }
}
