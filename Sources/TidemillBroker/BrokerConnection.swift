import Logging
import Synchronization
import Tidemill

/// A connection that two tasks use side by side, and that one of them makes anew when it breaks.
final class BrokerConnection: Sendable {
    /// What keeps a connection: the calls of a consumer or a publisher.
    struct Client: Sendable {
        let connect: @Sendable () async throws -> Void
        let disconnect: @Sendable () async -> Void
        /// Has calls that wait return soon.
        let wake: @Sendable () -> Void
        /// Hears that the connection has broken.
        var broke: @Sendable () -> Void = {}
    }

    private enum Phase {
        case connected, broken, connecting
    }

    private struct State {
        var phase = Phase.broken
        var users = 0
        /// How many calls and attempts to connect failed since a call last went well.
        var failures = 0
        /// Those who wait for another phase, or for the users to leave.
        var waiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let client: Client
    private let clock: any PipelineClock
    private let logger: Logger
    private let pauses = RetryPolicy(initialInterval: .milliseconds(100), maxInterval: .seconds(10))
    private let state = Mutex(State())

    init(_ client: Client, clock: any PipelineClock, logger: Logger) {
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// Connects for the first time, while `patience` lasts.
    ///
    /// - Throws: what keeps it from that: at once where trying again makes no sense.
    func open(patience: Duration) async throws {
        let end = clock.now + patience
        var failures = 0
        while true {
            do {
                try await client.connect()
                return change { $0.phase = .connected }
            } catch {
                await client.disconnect()
                try Task.checkCancellation()
                let left = end - clock.now
                let isFinal = (error as? BrokerError).map { $0.kind != .unreachable } ?? false
                if isFinal || left <= .zero { throw error }
                failures += 1
                logger.warning("the broker can't be reached", metadata: ["error": "\(error)"])
                try await clock.sleep(for: min(pause(failures), left))
            }
        }
    }

    /// Makes a call; one that fails has the connection made anew, and throws then.
    ///
    /// - Throws: `CancellationError` where the task is cancelled before there is a connection again; else what the
    ///   call threw.
    func use<Result>(_ call: () async throws -> Result) async throws -> Result {
        try await enter()
        do {
            let result = try await call()
            leave(failed: false)
            return result
        } catch {
            leave(failed: true)
            if error is CancellationError { throw error }
            logger.warning("the connection to the broker broke", metadata: ["error": "\(error)"])
            throw error
        }
    }

    /// Closes it, whatever state it is in.
    func close() async {
        await client.disconnect()
        change { $0.phase = .broken }
    }

    // MARK: Who may call

    private enum Entry {
        case use, connect, wait
    }

    private func enter() async throws {
        while true {
            try Task.checkCancellation()
            let entry = state.withLock { state -> Entry in
                switch state.phase {
                case .connected:
                    state.users += 1
                    return .use
                case .broken where state.users == 0:
                    state.phase = .connecting
                    return .connect
                case .broken, .connecting: return .wait
                }
            }
            switch entry {
            case .use: return
            case .connect: try await reconnect()
            case .wait: await change()
            }
        }
    }

    private func leave(failed: Bool) {
        let (hasBroken, hasUsers) = state.withLock { state in
            state.users -= 1
            state.failures = failed ? state.failures + 1 : 0
            guard failed, state.phase == .connected else { return (false, false) }
            state.phase = .broken
            return (true, state.users > 0)
        }
        if hasBroken { client.broke() }
        if hasUsers { client.wake() }
        change { _ in }
    }

    private func reconnect() async throws {
        await client.disconnect()
        do {
            let failures = state.withLock { $0.failures }
            if failures > 0 { try await clock.sleep(for: pause(failures)) }
            try Task.checkCancellation()
            try await client.connect()
            logger.notice("connected to the broker again")
            change { $0.phase = .connected }
        } catch {
            change { state in
                state.phase = .broken
                state.failures += 1
            }
            if error is CancellationError { throw error }
            logger.warning("the broker can't be reached", metadata: ["error": "\(error)"])
        }
    }

    private func pause(_ failures: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return pauses.backoff(failures, &random)
    }

    // MARK: Waiting

    /// Waits for any change, or until the task is cancelled.
    private func change() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let mustWait = state.withLock { state in
                    let isHeld = state.phase == .connecting || (state.phase == .broken && state.users > 0)
                    let mustWait = isHeld && !Task.isCancelled
                    if mustWait { state.waiters.append(continuation) }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
