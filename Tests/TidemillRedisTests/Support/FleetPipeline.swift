import Foundation
import TestSupport

/// The pipeline of each program of a fleet: messages from a stream, a stage in Lua, lines of a file.
struct FleetPipeline {
    var port: UInt16
    /// How many messages a program may hold.
    var prefetch = 256
    var lease = "2s"
    var workers = 2
    var order = "none"

    static let script = "return function(value, ctx) return value end"

    func configuration(_ number: Int) -> String {
        """
        {
          "sources": [{
            "name": "in", "type": "redis", "port": \(port), "stream": "orders", "group": "tidemill",
            "lease": "\(lease)", "format": "text", "prefetch": \(prefetch)
          }],
          "stages": [{
            "name": "work", "script": "work.lua", "workers": \(workers), "order": "\(order)"
          }],
          "sinks": [{
            "name": "out", "type": "file", "path": "\(ConsumerFleet.output(number))", "format": "lines",
            "mode": "append"
          }]
        }
        """
    }

    /// A fleet of such programs, none of which runs yet.
    func fleet(_ count: Int, in folder: Folder) throws -> ConsumerFleet {
        try folder.write(Self.script, to: "work.lua")
        return try ConsumerFleet(count: count, in: folder, configuration: configuration)
    }
}

/// The messages of a chaos test: each says which it is, and those of a key are numbered.
struct ChaosMessages {
    static let keys = 50

    /// How many, unless `TIDEMILL_CHAOS_MESSAGES` says otherwise.
    static var count: Int {
        ProcessInfo.processInfo.environment["TIDEMILL_CHAOS_MESSAGES"].flatMap { Int($0) } ?? 20_000
    }

    let count: Int

    /// Lines such as `k17 0000042`, all of one length: a key, and how many of it came before.
    var lines: [String] { (0..<count).map { Self.line(key: $0 % Self.keys, number: $0 / Self.keys) } }

    /// How many bytes all lines have in a file.
    var bytes: Int { count * (Self.line(key: 0, number: 0).utf8.count + 1) }

    private static func line(key: Int, number: Int) -> String {
        let digits = String(number)
        return "k\(10 + key) " + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    /// Whether the first effects of a key's messages have their order, in what one program wrote.
    static func firstsInOrder(_ lines: [String]) -> Bool {
        var next: [Substring: Int] = [:]
        for line in lines {
            let (key, number) = (line.prefix(3), Int(line.dropFirst(4)) ?? -1)
            let expected = next[key, default: 0]
            if number > expected { return false }
            if number == expected { next[key] = expected + 1 }
        }
        return true
    }
}
