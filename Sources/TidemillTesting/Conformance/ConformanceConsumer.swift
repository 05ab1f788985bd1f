import Synchronization
import Tidemill

extension SourceConformance {
    /// A pipeline that consumes a fixture's messages: a stage, and a sink that keeps what comes.
    final class Consumer: Sendable {
        let sink = CollectingSink()
        let pipeline: Pipeline
        private let ended = Atomic<Bool>(false)

        /// With a gate, each job waits there; `check` may fail it.
        init(
            _ fixture: any SourceFixture,
            gate: Gate? = nil,
            check: @escaping @Sendable (Job) throws -> Void = { _ in }
        ) async throws {
            var stage = PipelineNode.stage("work") { job, _ in
                try await gate?.pass()
                try check(job)
                return job.value
            }
            stage.channel = ChannelLimits(capacity: 16)
            stage.onError = .reject
            pipeline = try Pipeline(
                name: "conformance",
                nodes: [.source("in", try await fixture.makeSource()), stage, .sink("out", sink)],
                options: .quiet
            )
        }

        var hasEnded: Bool { ended.load(ordering: .acquiring) }

        /// Runs the pipeline, and `body` beside it; drains it then, or waits for what `body` did to it.
        func run(drainsAtEnd: Bool = true, _ body: @Sendable () async throws -> Void) async throws {
            let run = Task {
                defer { ended.store(true, ordering: .releasing) }
                try await pipeline.run()
            }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
                pipeline.cancel()
            }
            if drainsAtEnd { pipeline.drain() }
            let end = await run.result
            try result.get()
            _ = try report(on: pipeline, end)
            try end.get()
        }

        /// Waits until the broker has nothing left.
        func settle(_ fixture: any SourceFixture) async throws {
            try await eventually("the backlog is empty") { try await fixture.backlog() == 0 }
        }
    }

    /// Fails each job a number of times.
    final class Failures: Sendable {
        private let times: Int
        private let seen = Mutex<[String: Int]>([:])
        private let failed = Atomic<Int>(0)

        init(times: Int) { self.times = times }

        var count: Int { failed.load(ordering: .relaxed) }

        func fail(_ job: Job) throws {
            let attempt = seen.withLock { seen in
                seen[job.value.description, default: 0] += 1
                return seen[job.value.description, default: 0]
            }
            guard attempt <= times else { return }
            failed.add(1, ordering: .relaxed)
            throw ScriptedError("attempt \(attempt)")
        }
    }
}
