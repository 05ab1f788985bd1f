import Tidemill
import TidemillScripting

/// One stage of an empty Lua handler: what it costs to bring a job to a script and back.
func runEmptyScript(workers: Int, jobs: Int) async throws -> Duration {
    let pipeline = try Pipeline(
        name: "empty",
        nodes: [
            integers(jobs),
            try .script("empty", source: "return function() end", StageSettings(workers: workers)),
            .sink("none") { _ in },
        ]
    )
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    guard pipeline.snapshot().books[.filtered] == jobs else { throw BenchmarkError(message: "jobs were lost") }
    return time
}

/// The memory of a process in which so many workers wait for their first job, in KiB.
func measureIdleWorkers(_ workers: Int) async throws -> Int {
    let started = AsyncStream<Void>.makeStream()
    let pipeline = try Pipeline(
        name: "idle",
        nodes: [
            .source("never") { _ in
                started.continuation.finish()
                try await ContinuousClock().sleep(for: .seconds(3600))
            },
            try .script("idle", source: "return function() end", StageSettings(workers: workers)),
            .sink("none") { _ in },
        ]
    )
    async let run: Void = pipeline.run()
    // The source starts once every worker is ready.
    for await _ in started.stream {}
    let resident = Main.residentKiB()
    pipeline.cancel()
    try await run
    return resident
}
