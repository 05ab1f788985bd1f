import Foundation
import Synchronization

/// Programs that consume the same messages side by side, and that are killed at any moment.
///
/// Each is a `tidemill run` with a configuration of its own in one folder, and writes a line for each message to a file
/// of its own, to which it appends: the lines are the effects that messages had. A pipeline that ends a message only
/// when its line is written loses none, whoever is killed.
package final class ConsumerFleet: Sendable {
    /// How many programs there are.
    package let count: Int
    private let folder: Folder
    private let environment: [String: String]
    private let running: Mutex<[Running?]>
    private let killed = Atomic<Int>(0)

    /// A fleet in `folder`, none of which runs yet.
    ///
    /// `configuration` is the text of a program's configuration, by its number; its sink has to append to
    /// ``output(_:)``.
    package init(
        count: Int,
        in folder: Folder,
        environment: [String: String] = [:],
        configuration: (Int) -> String
    ) throws {
        (self.count, self.folder, self.environment) = (count, folder, environment)
        running = Mutex(Array(repeating: nil, count: count))
        for number in 0..<count { try folder.write(configuration(number), to: Self.configuration(number)) }
    }

    deinit { running.withLock { for program in $0 { program?.send(signal: SIGKILL) } } }

    /// The name of the file that a program writes its lines to.
    package static func output(_ number: Int) -> String { "effects-\(number).txt" }

    private static func configuration(_ number: Int) -> String { "consumer-\(number).json" }

    /// How often a program was killed.
    package var kills: Int { killed.load(ordering: .relaxed) }

    /// Starts all of them.
    package func start() throws { for number in 0..<count { try start(number) } }

    private func start(_ number: Int) throws {
        let arguments = ["run", Self.configuration(number)]
        let started = try Program.start(arguments, in: folder.url, environment: environment)
        running.withLock { $0[number] = started }
    }

    private func take(_ number: Int) -> Running? {
        running.withLock { running in
            defer { running[number] = nil }
            return running[number]
        }
    }

    /// Kills one at once (SIGKILL) and starts it anew.
    package func kill(_ number: Int) async throws {
        let victim = take(number)
        victim?.send(signal: SIGKILL)
        _ = await victim?.wait()
        killed.add(1, ordering: .relaxed)
        try start(number)
    }

    /// Keeps one from running on, until ``resume(_:)``: its leases end meanwhile.
    package func suspend(_ number: Int) { running.withLock { $0[number]?.send(signal: SIGSTOP) } }

    /// Lets one run on.
    package func resume(_ number: Int) { running.withLock { $0[number]?.send(signal: SIGCONT) } }

    /// The most memory that each has held so far since it was started, in bytes.
    package func peakMemory() throws -> [Int] { try running.withLock { try $0.map { try $0?.peakMemory() ?? 0 } } }

    /// Asks all to stop (SIGTERM) and waits for their ends.
    package func stop() async -> [Program.Result] {
        let programs = (0..<count).compactMap(take)
        for program in programs { program.send(signal: SIGTERM) }
        var results: [Program.Result] = []
        for program in programs { results.append(await program.wait()) }
        return results
    }

    /// About how many lines there are, by the files' sizes: quick enough to look often.
    package func writtenBytes() -> Int {
        (0..<count).reduce(0) { sum, number in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.file(Self.output(number)).path)
            return sum + ((attributes?[.size] as? Int) ?? 0)
        }
    }

    /// What all of them have written so far, whole lines only.
    package func effects() -> Effects {
        Effects(byProgram: (0..<count).map { (try? folder.lines(Self.output($0))) ?? [] })
    }
}

/// The lines that a fleet has written: one for each time that a message had its effect.
package struct Effects {
    /// By program, in the order of writing.
    package let byProgram: [[String]]

    /// How often each line is there.
    package var counts: [String: Int] {
        byProgram.joined().reduce(into: [:]) { counts, line in counts[line, default: 0] += 1 }
    }

    /// What became of the messages whose lines are to be `expected`, each different.
    package func comparison(with expected: some Sequence<String>) -> Comparison {
        let counts = counts
        var result = Comparison()
        var known = Set<String>()
        for line in expected {
            known.insert(line)
            let count = counts[line] ?? 0
            if count == 0 { result.missing.append(line) } else { result.duplicates += count - 1 }
        }
        result.strange = counts.keys.filter { !known.contains($0) }
        return result
    }

    /// What is wrong with effects, and what is only once more than it had to be.
    package struct Comparison {
        /// Messages without an effect.
        package var missing: [String] = []
        /// How many effects are not their message's first.
        package var duplicates = 0
        /// Lines of no message.
        package var strange: [String] = []
    }
}

/// What happens to a fleet and its broker on the way, in an order that a seed decides.
package struct Disturbances: Sendable {
    /// One thing that happens.
    package struct Event: Sendable {
        package let name: String
        package let happen: @Sendable () async throws -> Void

        package init(_ name: String, _ happen: @escaping @Sendable () async throws -> Void) {
            (self.name, self.happen) = (name, happen)
        }
    }

    private let events: [Event]

    /// `events`, one after the other.
    package init(_ events: [Event]) { self.events = events }

    /// Has the events happen, spread evenly over the way to `total` written bytes.
    ///
    /// It goes by what has been written, not by time: a slow machine has the same disturbances.
    package func happen(to fleet: ConsumerFleet, total: Int, within limit: Duration) async throws {
        for (index, event) in events.enumerated() {
            let point = total * (index + 1) / (events.count + 1)
            try await eventually("\(point) bytes of effects before \(event.name)", within: limit) {
                fleet.writtenBytes() >= point
            }
            try await event.happen()
        }
    }
}
