import ArgumentParser
import Synchronization
import Tidemill
import UnixSignals

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Turns SIGTERM and SIGINT into a drain, and a second one into an end at once.
final class SignalWatch: Sendable {
    private let second = Mutex<ExitCode?>(nil)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ pipeline: Pipeline) {
        let watch = Task {
            var count = 0
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count == 1 {
                    complain("tidemill: draining; once more stops at once")
                    pipeline.drain()
                } else {
                    let code = signal == .sigint ? ExitCode.interrupted : .terminated
                    second.withLock { $0 = code }
                    pipeline.cancel()
                    exit(afterGrace: code)
                }
            }
        }
        task.withLock { $0 = watch }
    }

    /// Ends the watch; the status to exit with if a second signal came.
    func end() async -> ExitCode? {
        task.withLock { $0 }?.cancel()
        return second.withLock { $0 }
    }

    /// Something that can't be interrupted must not keep the program for long.
    private func exit(afterGrace code: ExitCode) {
        Task {
            try await Task.sleep(for: .seconds(2))
            complain("tidemill: a handler can't be interrupted; leaving it behind")
            _exit(code.rawValue)
        }
    }
}
