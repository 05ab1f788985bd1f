#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs a body, and every task that it starts in the simulation, one task at a time in an order that the seed decides,
/// in virtual time: an hour's sleep takes no time, and the same seed always gives the same run.
///
/// Whatever the body starts must run in the simulation: child tasks and actors do, a `Task { }` does not
/// (``Simulation/task(_:)`` does), nor does what waits for the system's clock, for input or for another thread. A task
/// that never waits is never interrupted.
///
/// - Parameters:
///   - seed: what decides who runs next, and the simulation's random numbers.
///   - limits: when a run counts as one that never ends.
///   - body: what to run.
/// - Returns: what the body returned.
/// - Throws: ``SimulationFailure``, also where the body threw.
public func simulate<Success: Sendable>(
    seed: UInt64,
    limits: SimulationLimits = SimulationLimits(),
    _ body: @escaping @Sendable (Simulation) async throws -> Success
) async throws -> Success {
    let simulation = Simulation(seed: seed, limits: limits)
    let task = Task(executorPreference: simulation.executor) {
        defer { simulation.executor.finish() }
        do {
            return try await body(simulation)
        } catch {
            // Made at once, so that it tells what the pipelines were doing then.
            throw simulation.failure(.threw(error))
        }
    }
    let failure = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            onNewThread {
                var failure: SimulationFailure?
                simulation.executor.drive { verdict in
                    failure = simulation.failure(verdict)
                    task.cancel()
                }
                continuation.resume(returning: failure)
            }
        }
    } onCancel: {
        task.cancel()
    }
    // A body that is stuck has been given up: nobody may wait for it.
    if let failure, !simulation.executor.isDone || failure.reason.isEndless { throw failure }
    let value = try await task.value
    if let failure { throw failure }
    return value
}

extension SimulationFailure.Reason {
    fileprivate var isEndless: Bool {
        switch self {
        case .stuck, .tooManySteps, .tooMuchTime: true
        case .threw, .leftSleepers, .outsiders: false
        }
    }
}

/// Swift's own threads are few, and a simulation may take long.
private func onNewThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(ThreadStart(body))
    guard pthread_create(&thread, nil, runThread, start.toOpaque()) == 0 else {
        preconditionFailure("the system refuses a thread")
    }
    pthread_detach(thread)
}

private final class ThreadStart {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private nonisolated func runThread(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let start else { return nil }
    Unmanaged<ThreadStart>.fromOpaque(start).takeRetainedValue().body()
    return nil
}
