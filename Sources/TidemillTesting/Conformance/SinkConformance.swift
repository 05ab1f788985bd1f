public import Tidemill

/// A broker, a queue or whatever else a sink gives messages to, as ``SinkConformance`` has to know it.
public protocol SinkFixture: Sendable {
    /// What its sinks promise.
    var sinkPromises: SinkPromises { get }

    /// A sink.
    func makeSink() async throws -> any Sink

    /// All messages that were given so far, in their order.
    func received() async throws -> [Job]

    /// Takes the broker away from the sinks, as a crash or a cut line does.
    func interrupt() async throws

    /// Brings it back.
    func restore() async throws
}

extension SinkFixture {
    /// It can't be taken away.
    public func interrupt() async throws {}
    /// It was never away.
    public func restore() async throws {}
}

/// What a sink promises beside at-least-once delivery.
public struct SinkPromises: OptionSet, Sendable {
    /// The promises as bits.
    public let rawValue: Int

    /// Promises by their bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Keys go along with values.
    public static let keys = SinkPromises(rawValue: 1)
    /// The table `headers` of a job's metadata goes along with its value.
    public static let headers = SinkPromises(rawValue: 2)
    /// A broker that goes away and comes back loses nothing; the fixture can do that to it.
    public static let reconnecting = SinkPromises(rawValue: 4)
    /// Every promise.
    public static let all: SinkPromises = [.keys, .headers, .reconnecting]
}

/// What every sink of messages has to do, whatever broker is behind it: our own, and those that you write.
///
/// Each check is a test of its own, as with ``SourceConformance``.
public struct SinkConformance: Sendable, CustomStringConvertible {
    /// What it checks, in words.
    public let description: String
    let needs: SinkPromises
    let body: @Sendable (any SinkFixture) async throws -> Void

    init(
        _ description: String,
        needs: SinkPromises = [],
        _ body: @escaping @Sendable (any SinkFixture) async throws -> Void
    ) {
        self.description = description
        self.needs = needs
        self.body = body
    }

    /// Runs it on a fixture without any messages; one whose sinks don't promise what it is about passes.
    ///
    /// - Throws: ``ConformanceFailure`` that says what is wrong, or what the fixture throws.
    public func run(on fixture: any SinkFixture) async throws {
        if fixture.sinkPromises.isSuperset(of: needs) { try await body(fixture) }
    }

    /// All checks.
    public static let checks = [
        SinkConformance("every job is there, in order, as soon as it counts as delivered") { fixture in
            let values = (0..<500).map { Value.table([("n", .integer($0)), ("text", .string(Bytes("zwölf \($0)")))]) }
            let source = ScriptedSource(values: values)
            let report = try await runPipeline([.source("in", source), .sink("out", try await fixture.makeSink())])
            try require(report.failure == nil, "the run failed: \(report.failure.map(String.init(describing:)) ?? "")")
            let received = try await fixture.received().map(\.value.description)
            try require(received == values.map(\.description), "\(received.count) are there, of \(values.count)")
        },
        SinkConformance("keys go along", needs: .keys) { fixture in
            let jobs = (0..<20).map { Job(.integer($0), key: Bytes("key \($0)")) }
            try await deliver(jobs, fixture)
            let keys = try await fixture.received().map(\.key)
            try require(keys == jobs.map(\.key), "the keys are \(keys.map { $0.map(String.init) ?? "nil" })")
        },
        SinkConformance("headers go along", needs: .headers) { fixture in
            let headers = Value.table([("Trace-Id", "abc-123"), ("Kind", "order")])
            try await deliver([Job(1, metadata: .table([("headers", headers)]))], fixture)
            let received = try await fixture.received().first?.metadata["headers"]
            for name in ["Trace-Id", "Kind"] {
                let text = received?[name]?.text
                try require(text == headers[name]?.text, "the header \(name) is \(text ?? "not there")")
            }
        },
        SinkConformance("a job that can't be expressed fails alone") { fixture in
            let source = ScriptedSource(values: [1, .number(.infinity), 2])
            let letters = CollectingSink()
            let sink = try await fixture.makeSink()
            let report = try await runPipeline([.source("in", source), .sink("out", sink)], deadLetters: letters)
            try require(report.books[.deadLettered] == 1, "the books say \(report.books)")
            let received = try await fixture.received().compactMap(\.value.integer)
            try require(received == [1, 2], "what is there is \(received)")
        },
        SinkConformance("a broker that comes back has everything", needs: .reconnecting) { fixture in
            let gate = Gate()
            let jobs = (0..<50).map { Job(.integer($0)) }
            let source = ScriptedSource([.sendAll(Array(jobs[..<25])), .wait(gate), .sendAll(Array(jobs[25...]))])
            let sink = try await fixture.makeSink()
            _ = try await runPipeline([.source("in", source), .sink("out", sink)]) { _ in
                try await eventually("the first half is there") { try await fixture.received().count >= 25 }
                try await fixture.interrupt()
                gate.open()
                try await eventually("all are with the sink") { source.sentCount == 50 }
                try await fixture.restore()
            }
            let received = Set(try await fixture.received().compactMap(\.value.integer))
            try require(received == Set(0..<50), "\(50 - received.count) of 50 are lost")
        },
        SinkConformance("a sink whose broker is away can be cancelled", needs: .reconnecting) { fixture in
            let gate = Gate()
            let source = ScriptedSource([.send(Job(1)), .wait(gate), .send(Job(2)), .untilStopped])
            let sink = try await fixture.makeSink()
            let report = try await runPipeline([.source("in", source), .sink("out", sink)]) { pipeline in
                try await eventually("the first is there") { try await fixture.received().count == 1 }
                try await fixture.interrupt()
                gate.open()
                try await eventually("both are with the sink") { source.sentCount == 2 }
                pipeline.cancel()
            }
            try require(report.books[.delivered] == 1, "the books say \(report.books)")
            try await fixture.restore()
        },
    ]

    private static func deliver(_ jobs: [Job], _ fixture: any SinkFixture) async throws {
        let source = ScriptedSource([.sendAll(jobs)])
        let report = try await runPipeline([.source("in", source), .sink("out", try await fixture.makeSink())])
        try require(report.books[.delivered] == jobs.count, "the books say \(report.books)")
    }
}
