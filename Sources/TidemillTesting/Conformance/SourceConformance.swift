import Tidemill

/// What every source of messages has to do, whatever broker is behind it: our own, and those that you write.
///
/// Each check is a test of its own:
///
/// ```swift
/// @Test(arguments: SourceConformance.checks) func conforms(_ check: SourceConformance) async throws {
///     try await check.run(on: MyBrokerFixture())
/// }
/// ```
public struct SourceConformance: Sendable, CustomStringConvertible {
    /// What it checks, in words.
    public let description: String
    let needs: SourcePromises
    let body: @Sendable (any SourceFixture) async throws -> Void

    init(
        _ description: String,
        needs: SourcePromises = [],
        _ body: @escaping @Sendable (any SourceFixture) async throws -> Void
    ) {
        self.description = description
        self.needs = needs
        self.body = body
    }

    /// Runs it on a fixture without any messages; one whose sources don't promise what it is about passes.
    ///
    /// - Throws: ``ConformanceFailure`` that says what is wrong, or what the fixture throws.
    public func run(on fixture: any SourceFixture) async throws {
        if fixture.sourcePromises.isSuperset(of: needs) { try await body(fixture) }
    }

    /// All checks.
    public static let checks = delivery + settling + stopping + breaking
}

// MARK: Delivery

extension SourceConformance {
    private static let delivery = [
        SourceConformance("every message comes, with its value, and is settled") { fixture in
            let values = (0..<500).map { Value.table([("n", .integer($0)), ("text", .string(Bytes("zwölf \($0)")))]) }
            try await fixture.publish(values.map { Job($0) })
            let consumer = try await Consumer(fixture)
            try await consumer.run { try await consumer.settle(fixture) }
            try require(Set(consumer.sink.values.map(\.description)) == Set(values.map(\.description)), "others came")
        },
        SourceConformance("keys come along", needs: .keys) { fixture in
            try await fixture.publish((0..<20).map { Job(.integer($0), key: $0 < 10 ? Bytes("key \($0)") : nil) })
            let consumer = try await Consumer(fixture)
            try await consumer.run { try await consumer.settle(fixture) }
            for job in consumer.sink.jobs {
                let expected = (job.value.integer ?? 0) < 10 ? Bytes("key \(job.value.integer ?? 0)") : nil
                try require(job.key == expected, "\(job.value) came with the key \(job.key.map(String.init) ?? "nil")")
            }
        },
        SourceConformance("messages that come alone come in their order", needs: .order) { fixture in
            try await fixture.publish((0..<300).map { Job(.integer($0)) })
            let consumer = try await Consumer(fixture)
            try await consumer.run { try await consumer.settle(fixture) }
            try require(consumer.sink.integers == Array(0..<300), "the order is \(consumer.sink.integers)")
        },
        SourceConformance("messages that are published later come, too") { fixture in
            let consumer = try await Consumer(fixture)
            try await consumer.run {
                for round in 0..<3 {
                    try await fixture.publish([Job(.integer(Int64(round)))])
                    await consumer.sink.collected(round + 1)
                }
                try await consumer.settle(fixture)
            }
        },
        SourceConformance("several share the messages", needs: .sharing) { fixture in
            let consumers = [try await Consumer(fixture), try await Consumer(fixture), try await Consumer(fixture)]
            try await fixture.publish((0..<600).map { Job(.integer($0)) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for consumer in consumers {
                    group.addTask { try await consumer.run { try await consumer.settle(fixture) } }
                }
                try await group.waitForAll()
            }
            let all = consumers.flatMap(\.sink.integers)
            try require(all.sorted() == Array(0..<600), "\(all.count) came, \(Set(all).count) of them different")
        },
    ]
}

// MARK: Settling

extension SourceConformance {
    private static let settling = [
        SourceConformance("a message is not settled before its jobs are") { fixture in
            try await fixture.publish((0..<5).map { Job(.integer($0)) })
            let gate = Gate()
            let consumer = try await Consumer(fixture, gate: gate)
            try await consumer.run {
                await gate.waiting(1)
                try require(try await fixture.backlog() == 5, "the broker has forgotten messages that are not done")
                gate.open()
                try await consumer.settle(fixture)
            }
        },
        SourceConformance("a message that is handed back comes again") { fixture in
            try await fixture.publish((0..<10).map { Job(.integer($0)) })
            let failures = Failures(times: 1)
            let consumer = try await Consumer(fixture) { job in try failures.fail(job) }
            try await consumer.run { try await consumer.settle(fixture) }
            try require(failures.count == 10, "\(failures.count) failed, of 10")
            try require(Set(consumer.sink.integers) == Set(0..<10), "what came is \(consumer.sink.integers)")
        },
        SourceConformance("the pipeline is not flooded") { fixture in
            try await fixture.publish((0..<2_000).map { Job(.integer($0)) })
            let gate = Gate()
            let consumer = try await Consumer(fixture, gate: gate)
            try await consumer.run {
                await gate.waiting(1)
                let taken = consumer.pipeline.snapshot().books.taken
                // Sixteen in the channel, one with the worker, and one call's worth on top.
                try require(taken <= 64, "\(taken) messages were taken, and 17 fit")
                gate.open()
                try await consumer.settle(fixture)
            }
        },
        SourceConformance("a job that takes longer than a lease keeps it", needs: .sharing) { fixture in
            guard let lease = fixture.leaseDuration else { return }
            try await fixture.publish([Job("slow")])
            let gate = Gate()
            let consumers = [try await Consumer(fixture, gate: gate), try await Consumer(fixture, gate: gate)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for consumer in consumers {
                    group.addTask { try await consumer.run { try await consumer.settle(fixture) } }
                }
                group.addTask {
                    await gate.waiting(1)
                    // The broker's clock is the real one.
                    try await ContinuousClock().sleep(for: lease * 3)
                    let waiting = gate.count
                    gate.open()
                    try require(waiting == 1, "the message was given again while its job was at work")
                }
                try await group.waitForAll()
            }
        },
    ]
}

// MARK: Stopping

extension SourceConformance {
    private static let stopping = [
        SourceConformance("a drain ends a source that waits for messages") { fixture in
            let consumer = try await Consumer(fixture)
            try await fixture.publish([Job(1)])
            try await consumer.run(drainsAtEnd: false) {
                await consumer.sink.collected(1)
                consumer.pipeline.drain()
                try await eventually("the pipeline has ended", within: .seconds(20)) { consumer.hasEnded }
            }
        },
        SourceConformance("what a drain finds in the pipeline is done and settled") { fixture in
            try await fixture.publish((0..<10).map { Job(.integer($0)) })
            let gate = Gate()
            let consumer = try await Consumer(fixture, gate: gate)
            try await consumer.run(drainsAtEnd: false) {
                await gate.waiting(1)
                consumer.pipeline.drain()
                gate.open()
            }
            let done = consumer.sink.jobs.count
            try require(done > 0, "nothing was done")
            let left = try await fixture.backlog()
            try require(left == 10 - done, "\(done) of 10 were done, and \(left) are left")
        },
        SourceConformance("what is cancelled comes again, soon") { fixture in
            try await fixture.publish((0..<10).map { Job(.integer($0)) })
            let gate = Gate()
            let first = try await Consumer(fixture, gate: gate)
            try await first.run(drainsAtEnd: false) {
                await gate.waiting(1)
                first.pipeline.cancel()
            }
            try require(try await fixture.backlog() == 10, "messages are lost that were not done")
            let second = try await Consumer(fixture)
            try await second.run { try await second.settle(fixture) }
            try require(Set(second.sink.integers) == Set(0..<10), "what came is \(second.sink.integers)")
        },
    ]
}

// MARK: Breaking

extension SourceConformance {
    private static let breaking = [
        SourceConformance("a broker that comes back is used again", needs: .reconnecting) { fixture in
            try await fixture.publish((0..<50).map { Job(.integer($0)) })
            let consumer = try await Consumer(fixture)
            try await consumer.run {
                await consumer.sink.collected(50)
                try await fixture.interrupt()
                try await fixture.restore()
                try await fixture.publish((50..<100).map { Job(.integer($0)) })
                try await consumer.settle(fixture)
            }
            try require(
                Set(consumer.sink.integers) == Set(0..<100),
                "what came is \(Set(consumer.sink.integers).sorted())"
            )
        },
        SourceConformance("jobs that end while the broker is away are settled later", needs: .reconnecting) { fixture in
            try await fixture.publish((0..<5).map { Job(.integer($0)) })
            let gate = Gate()
            let consumer = try await Consumer(fixture, gate: gate)
            try await consumer.run {
                await gate.waiting(1)
                try await fixture.interrupt()
                gate.open()
                await consumer.sink.collected(1)
                try await fixture.restore()
                try await consumer.settle(fixture)
            }
            try require(Set(consumer.sink.integers) == Set(0..<5), "what came is \(consumer.sink.integers)")
        },
        SourceConformance("a drain ends a source whose broker is away", needs: .reconnecting) { fixture in
            let consumer = try await Consumer(fixture)
            try await fixture.publish([Job(1)])
            try await consumer.run(drainsAtEnd: false) {
                await consumer.sink.collected(1)
                try await fixture.interrupt()
                consumer.pipeline.drain()
                try await eventually("the pipeline has ended", within: .seconds(30)) { consumer.hasEnded }
            }
            try await fixture.restore()
        },
    ]
}
