import Testing

@testable import Tidemill

@Suite(.timeLimit(.minutes(10))) struct SystemClockTests {
    private let clock = SystemClock()

    @Test func nobodyWakesBeforeTheTime() async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<2_000 {
                group.addTask {
                    let time = Duration.microseconds(number * 7 % 5_000)
                    let start = clock.now
                    try await clock.sleep(for: time)
                    #expect(clock.now - start >= time)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func whoIsCancelledWakesAtOnce() async {
        let sleepers = (0..<1_000).map { number in
            Task { try await clock.sleep(for: number % 3 == 0 ? .milliseconds(1) : .seconds(3_600)) }
        }
        for (number, sleeper) in sleepers.enumerated() where number % 3 != 0 {
            if number % 2 == 0 { await Task.yield() }
            sleeper.cancel()
        }
        for (number, sleeper) in sleepers.enumerated() {
            let result = await sleeper.result
            #expect((try? result.get()) == nil ? number % 3 != 0 : number % 3 == 0)
        }
    }

    @Test func aTaskThatIsCancelledDoesNotSleep() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(3_600))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: Never.self) { try await clock.sleep(for: .zero) }
    }
}
