import Foundation
import TestSupport

/// One of `Examples`, copied to a folder of the test's own and run as its page says.
struct Pattern {
    private let path: String
    let folder: Folder

    init(_ name: String) throws { try self.init(example: "patterns/\(name)") }

    init(example name: String) throws {
        path = "Examples/\(name)"
        folder = try Folder()
        let original = Program.repository.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: folder.file(path), withIntermediateDirectories: true)
        // Whoever has run it has its output there, too.
        for file in try FileManager.default.contentsOfDirectory(atPath: original.path) where file != "out" {
            try folder.copyFromRepository("\(path)/\(file)")
        }
    }

    func run(_ config: String = "config.json", input lines: [String] = []) async throws -> Program.Result {
        let running = try Program.start(["run", "\(path)/\(config)"], in: folder.url)
        running.write(lines.map { $0 + "\n" }.joined())
        return await running.end()
    }

    func start(_ options: String...) throws -> Running {
        try Program.start(["run", "\(path)/config.json"] + options, in: folder.url)
    }

    /// What a run wrote.
    func output(_ name: String) throws -> Data { try Data(contentsOf: folder.file("\(path)/out/\(name)")) }

    func letters() throws -> [Letter] {
        try folder.lines("\(path)/out/dead_letters.jsonl").compactMap { try Letter($0) }
    }
}

/// What a pattern's script says of a job, as far as tests look at it.
struct PatternLine: Decodable {
    var id: Int?
    var worker: Int?
    var taken_in: Double?
}

extension Program.Result {
    /// The lines of its output, each a JSON value.
    func values<Value: Decodable>(_: Value.Type = Value.self) throws -> [Value] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
    }

    /// How long the run took, as its summary says.
    var seconds: Double? {
        let words = errors.split { $0 == " " || $0 == "\n" }
        return words.firstIndex(of: "after").flatMap { words.indices.contains($0 + 1) ? Double(words[$0 + 1]) : nil }
    }
}

extension [PatternLine] {
    var ids: [Int] { compactMap(\.id) }

    var workers: Set<Int> { Set(compactMap(\.worker)) }

    /// How long it took until the last of the jobs was taken in.
    var intake: Double {
        let times = compactMap(\.taken_in)
        return (times.max() ?? 0) - (times.min() ?? 0)
    }
}
