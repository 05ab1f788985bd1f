import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

/// A source of messages in virtual time: an hour's lease takes no time.
@Suite(.timeLimit(.minutes(5))) struct BrokerSourceTests {
    /// A broker, and a pipeline that consumes its messages, in a simulation.
    private struct Setting {
        let clock: VirtualClock
        let broker: MemoryBroker
        let sink = CollectingSink()
        let letters = CollectingSink()
        let gate = Gate(isOpen: true)
        var source = BrokerSourceSettings()
        var leasesSurvive = true
        var onError = ErrorPolicy.reject
        var capacity = 4
        var failure: JobFailure?

        init(_ simulation: Simulation) {
            clock = simulation.clock
            broker = MemoryBroker(clock: simulation.clock, leaseDuration: .seconds(30))
        }

        var nodes: [PipelineNode] {
            let consumer = MemoryConsumer(broker: broker, leasesSurviveConnection: leasesSurvive)
            var node = PipelineNode.source("in", BrokerSource(consumer, source))
            node.onError = onError
            let (gate, failure) = (gate, failure)
            var stage = PipelineNode.stage("work") { job, _ in
                try await gate.pass()
                if let failure { throw failure }
                return job.value
            }
            stage.channel = ChannelLimits(capacity: capacity)
            stage.onError = onError
            return [node, stage, .sink("out", sink)]
        }

        /// Waits until the broker has nothing left.
        func done() async throws { while broker.count > 0 { try await clock.sleep(for: .milliseconds(1)) } }
    }

    /// Runs a pipeline in a simulation, and `body` beside it; drains it then.
    private func run(
        seed: UInt64 = 1,
        _ change: @escaping @Sendable (inout Setting) async throws -> Void,
        during body: @escaping @Sendable (Setting, Pipeline) async throws -> Void = { setting, _ in
            try await setting.done()
        }
    ) async throws -> (setting: Setting, report: PipelineReport) {
        try await simulate(seed: seed) { simulation in
            var setting = Setting(simulation)
            try await change(&setting)
            let ready = setting
            let report = try await runPipeline(ready.nodes, deadLetters: ready.letters, options: simulation.options) {
                try await body(ready, $0)
                $0.drain()
            }
            return (ready, report)
        }
    }

    @Test func aMessageBringsWhatIsKnownOfIt() async throws {
        let (setting, _) = try await run { $0.broker.publish("{\"a\": 1}", key: "k", headers: [("Trace", "t")]) }
        let job = try #require(setting.sink.jobs.first)
        #expect(job.value == ["a": 1] && job.key == "k")
        #expect(job.metadata == ["id": "message-0", "deliveries": 1, "headers": ["Trace": "t"]])
    }

    @Test(arguments: [(MessageFormat.text, Value.string("{}")), (.json, .table([]))])
    func aBodyIsWhatTheFormatSays(_ format: MessageFormat, _ value: Value) async throws {
        let (setting, _) = try await run { setting in
            setting.source.format = format
            setting.broker.publish("{}")
        }
        #expect(setting.sink.values == [value])
    }

    @Test func theSourceEndsWhenThereAreNoMoreIfItIsTo() async throws {
        let (setting, report) = try await run { setting in
            setting.source.stopsWhenEmpty = true
            for number in 0..<20 { setting.broker.publish(Bytes("\(number)")) }
        } during: { setting, pipeline in
            while !pipeline.snapshot().isEnded { try await setting.clock.sleep(for: .milliseconds(100)) }
        }
        #expect(report.books[.delivered] == 20 && setting.broker.count == 0)
    }

    @Test func aLeaseIsExtendedAsLongAsItsJobTakes() async throws {
        let (setting, report) = try await run { setting in
            setting.gate.close()
            setting.broker.publish("1")
        } during: { setting, _ in
            try await setting.clock.sleep(for: .seconds(3_600))
            setting.gate.open()
            try await setting.done()
        }
        #expect(setting.broker.deliveries == 1 && report.books[.delivered] == 1)
        #expect(setting.broker.extendCalls == 360, "three for a lease")
    }

    @Test func aLostLeaseCancelsItsJobAndTheMessageComesAgain() async throws {
        let (setting, report) = try await run { setting in
            setting.gate.close()
            setting.broker.publish("1")
        } during: { setting, _ in
            await setting.gate.waiting(1)
            setting.broker.takeLeases()
            try await setting.clock.sleep(for: .seconds(11))
            setting.gate.open()
            try await setting.done()
        }
        #expect(report.books[.cancelled] == 1 && report.books[.delivered] == 1 && setting.broker.deliveries == 2)
    }

    @Test func aLeaseThatCannotBeExtendedIsLostWhenItIsOver() async throws {
        let (_, report) = try await run { setting in
            setting.gate.close()
            setting.broker.publish("1")
        } during: { setting, pipeline in
            await setting.gate.waiting(1)
            setting.broker.goAway()
            try await setting.clock.sleep(for: .seconds(29))
            #expect(pipeline.snapshot().books[.cancelled] == 0)
            try await setting.clock.sleep(for: .seconds(11))
            #expect(pipeline.snapshot().books[.cancelled] == 1)
            setting.broker.comeBack()
            setting.gate.open()
            try await setting.done()
        }
        #expect(report.books[.delivered] == 1)
    }

    @Test func whereLeasesGoWithTheConnectionJobsDoToo() async throws {
        let (setting, report) = try await run { setting in
            setting.leasesSurvive = false
            setting.gate.close()
            setting.broker.publish("1")
        } during: { setting, pipeline in
            await setting.gate.waiting(1)
            setting.broker.goAway()
            try await setting.clock.sleep(for: .seconds(11))
            #expect(pipeline.snapshot().books[.cancelled] == 1, "before the lease is over")
            setting.broker.comeBack()
            setting.gate.open()
            try await setting.done()
        }
        #expect(report.books[.delivered] == 1 && setting.broker.deliveries == 2)
    }

    @Test func aFailedMessageComesAgainAndIsGivenUpInTheEnd() async throws {
        let (setting, report) = try await run { setting in
            setting.source.maxDeliveries = 3
            setting.failure = JobFailure(.handler, "no good")
            setting.broker.publish("1")
        }
        #expect(report.books[.rejected] == 3 && setting.broker.deliveries == 3)
        #expect(setting.broker.aside.map(\.reason) == ["work: no good"])
    }

    @Test func aMessageThatCannotBeReadIsGivenUpAtOnce() async throws {
        let (setting, _) = try await run { setting in
            setting.source.maxMessage = 99
            setting.broker.publish("{")
            setting.broker.publish(Bytes(String(repeating: "1", count: 100)))
            setting.broker.publish("3")
        }
        #expect(setting.sink.values == [3] && setting.broker.aside.map(\.id).sorted() == [0, 1])
        let reasons = setting.broker.aside.sorted { $0.id < $1.id }.map(\.reason)
        #expect(reasons.first?.hasPrefix("in: the message's body is not JSON: ") == true)
        #expect(reasons.last == "in: the message has 100 bytes, and \"max_message\" is 99")
    }

    /// A message that takes the process down with it never fails in it: only its deliveries tell.
    @Test func aMessageThatWasDeliveredTooOftenIsNotTriedAgain() async throws {
        let (setting, _) = try await run { setting in
            setting.source.maxDeliveries = 3
            setting.onError = .deadLetter
            setting.broker.publish("1")
            for _ in 0..<3 {
                _ = try await setting.broker.receive(upTo: 1, waiting: .zero)
                setting.broker.takeLeases()
            }
        }
        #expect(setting.sink.jobs.isEmpty && setting.letters.values.first?["error"]?["kind"] == "max_deliveries")
    }

    @Test func endingsGoTogether() async throws {
        let (setting, _) = try await run { setting in
            (setting.source.prefetch, setting.capacity) = (500, 500)
            for number in 0..<1_000 { setting.broker.publish(Bytes("\(number)")) }
        }
        #expect(setting.broker.settleCalls < 500, "\(setting.broker.settleCalls) calls for 1,000 messages")
    }

    @Test func noMoreMessagesAreTakenThanWereAskedFor() async throws {
        let (_, report) = try await run { setting in
            setting.source.prefetch = 3
            setting.gate.close()
            for number in 0..<100 { setting.broker.publish(Bytes("\(number)")) }
        } during: { setting, pipeline in
            try await setting.clock.sleep(for: .seconds(10))
            #expect(pipeline.snapshot().books.taken == 3)
            setting.gate.open()
            try await setting.done()
        }
        #expect(report.books[.delivered] == 100)
    }

    /// Whoever runs first, every message is done: the broker comes and goes, and leases are lost.
    @Test(arguments: UInt64(1)...40) func nothingIsLostInAnyOrder(seed: UInt64) async throws {
        let (setting, report) = try await run(seed: seed) { setting in
            setting.leasesSurvive = seed % 2 == 0
            for number in 0..<50 { setting.broker.publish(Bytes("\(number)")) }
        } during: { setting, _ in
            for round in 0..<4 {
                try await setting.clock.sleep(for: .milliseconds(3))
                setting.broker.goAway()
                if round % 2 == 0 { setting.broker.takeLeases() }
                try await setting.clock.sleep(for: .seconds(round * 17))
                setting.broker.comeBack()
            }
            try await setting.done()
        }
        #expect(Set(setting.sink.integers) == Set(0..<50) && report.failure == nil)
    }

    // MARK: The start

    @Test func aBrokerThatIsLateIsWaitedFor() async throws {
        let (setting, _) = try await run { setting in
            setting.broker.goAway()
            setting.broker.publish("1")
        } during: { setting, _ in
            try await setting.clock.sleep(for: .seconds(5))
            setting.broker.comeBack()
            try await setting.done()
        }
        #expect(setting.sink.values == [1])
    }

    @Test func aBrokerThatDoesNotComeFailsThePipeline() async throws {
        let (setting, report) = try await run {
            $0.broker.goAway()
        } during: { setting, pipeline in
            while !pipeline.snapshot().isEnded { try await setting.clock.sleep(for: .milliseconds(100)) }
            #expect(setting.clock.now >= .seconds(10) && setting.clock.now < .seconds(11))
        }
        #expect(report.failure?.description.contains("the broker is away") == true && setting.broker.connections == 0)
    }
}
