import Foundation
import TestSupport
import Testing
import TidemillTesting

/// A random pipeline from a source with a checkpoint to a file, whose lines are the numbers from 0 up.
struct ResumingPipeline: CustomStringConvertible {
    enum Input: CaseIterable { case plain, gzip, zstd, directory }

    let input: Input
    let stages: Int
    let workers: [Int]
    let order: String
    let capacity: Int
    /// How many numbers there are.
    let count: Int

    init(seed: Int, using numbers: inout SeededRandom) {
        input = Input.allCases[seed % 4]
        stages = Int.random(in: 1...2, using: &numbers)
        workers = (0..<2).map { _ in Int.random(in: 1...8, using: &numbers) }
        order = Bool.random(using: &numbers) ? "input" : "none"
        capacity = [1, 4, 16].randomElement(using: &numbers) ?? 1
        count = input == .directory ? 2500 : 110_000
    }

    var description: String {
        "\(input), \(stages) stages of \(workers.prefix(stages)) workers, order \(order), capacity \(capacity)"
    }

    /// How far ahead of the last kill the next one may come.
    var stride: Int { input == .directory ? 200 : 9000 }

    /// The most messages that can be between the source's last position and the end of the pipeline.
    var inFlight: Int {
        // Each file is written down as soon as the sink has it: what the sink takes in at once may come again.
        if input == .directory { return capacity + 8 * (capacity + 1) }
        // A worker takes up to 512 at once, and in the input's order the results of twice as many batches may wait.
        let held = workers.prefix(stages).reduce(0) { $0 + $1 * 512 * (order == "input" ? 3 : 1) }
        let waiting = (stages + 1) * capacity + 512
        // The source has a batch on its way, and writes down where the last whole batch before it ended.
        return held + waiting + 2 * 512 + 256
    }

    static let script = """
        local at, slack = nil, nil
        return function(value, ctx)
          at, slack = at or ctx.options.at, slack or ctx.options.slack
          local index = tonumber(value)
          if index == at then ctx.log.info("there it is") end
          while at >= 0 and index > at + slack do ctx:sleep(60) end
          return value
        end
        """

    /// Which says when it is at an index, and stays that much behind it.
    func pipeline(at index: Int, slack: Int) -> TestPipeline {
        let channel = #""channel": {"capacity": \#(capacity)}"#
        let source =
            input == .directory ? #""type": "directory", "path": "in""# : #""type": "file", "path": "in/*""#
        var pipeline = TestPipeline()
        pipeline.sources = [#""name": "in", "checkpoint": "state", "# + source]
        pipeline.stages = (0..<stages).map { number in
            let options = number == 0 ? #""options": {"at": \#(index), "slack": \#(slack)}"# : #""options": {"at": -1}"#
            let shape = #""workers": \#(workers[number]), "order": "\#(order)""#
            return #""name": "s\#(number)", "script": "work.lua", \#(shape), \#(channel), \#(options)"#
        }
        pipeline.sinks = [
            #""name": "out", "type": "file", "path": "out.txt", "format": "lines", "mode": "append", "# + channel
        ]
        pipeline.more = []
        return pipeline
    }

    func writeInput(to folder: Folder) async throws {
        if input == .directory {
            for index in 0..<count { try folder.write("\(index)", to: "in/\(100_000 + index)") }
            return
        }
        for part in 0..<3 {
            let range = part * count / 3..<(part + 1) * count / 3
            try folder.write(range.map { "\($0)\n" }.joined(), to: "in/\(part)")
            if input == .gzip { _ = try await folder.run("gzip", ["in/\(part)"]) }
            if input == .zstd { _ = try await folder.run("zstd", ["-q", "--rm", "in/\(part)"]) }
        }
    }
}

/// What killed runs wrote to a file of numbers, one a line.
struct WrittenNumbers {
    private(set) var seen: [Bool]
    private(set) var largest = -1
    /// Behind the last whole line that was looked at.
    private var end = 0

    init(count: Int) { seen = [Bool](repeating: false, count: count) }

    var missing: Int { seen.count { !$0 } }

    /// Looks at what came since the last time; how many of the numbers were there before.
    ///
    /// A line at the end that is not whole is left for the next time: the next run cuts it off.
    mutating func read(_ file: URL) throws -> Int {
        guard let data = try? Data(contentsOf: file) else { return 0 }
        let isKept = data.count >= end && (end == 0 || data[end - 1] == 0x0A)
        #expect(isKept, "a line that was whole is gone")
        var (duplicates, number, digits) = (0, 0, 0)
        data.withUnsafeBytes { bytes in
            for index in end..<bytes.count {
                guard bytes[index] == 0x0A else {
                    number = number &* 10 &+ Int(bytes[index]) - 48
                    digits += 1
                    continue
                }
                if digits == 0 || digits > 6 || number < 0 || number >= seen.count {
                    Issue.record("no whole line at byte \(end)")
                } else {
                    if seen[number] { duplicates += 1 }
                    seen[number] = true
                    largest = max(largest, number)
                }
                (number, digits, end) = (0, 0, index + 1)
            }
        }
        return duplicates
    }
}
