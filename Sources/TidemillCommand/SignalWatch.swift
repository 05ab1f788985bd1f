import ArgumentParser
import Synchronization
import Tidemill
import UnixSignals

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Turns SIGTERM and SIGINT into a drain, a second one into an end at once, and SIGUSR1 into a look inside.
final class SignalWatch: Sendable {
    /// How long after everything was told to stop the program waits, beyond the grace that each worker has.
    private static let patience = Duration.seconds(3)

    private let state = Mutex<(count: Int, code: ExitCode?)>((0, nil))
    private let tasks = Mutex<[Task<Void, Never>]>([])
    private let pipeline: Pipeline
    private let options: PipelineOptions
    /// What is still to be said by a program that leaves something behind.
    private let lastWords: @Sendable () -> Void

    /// Watches from when it comes back; what a look inside shows goes above the live lines of `progress`.
    init(
        _ pipeline: Pipeline,
        _ options: PipelineOptions,
        _ progress: ProgressDisplay?,
        lastWords: @escaping @Sendable () -> Void = {}
    ) async {
        self.pipeline = pipeline
        self.options = options
        self.lastWords = lastWords
        let stops = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let looks = await UnixSignalsSequence(trapping: .sigusr1)
        let stopping = Task { [weak self] in
            for await signal in stops { self?.stop(signal) }
        }
        let looking = Task {
            for await _ in looks {
                let text = InspectionText(pipeline.inspect()).text
                if let progress { progress.show(text) } else { writeError(text) }
            }
        }
        tasks.withLock { $0 = [stopping, looking] }
    }

    /// Nobody dies of a look inside, neither before there is something to look at nor after.
    static func ignoreLooks() { signal(SIGUSR1, SIG_IGN) }

    /// Ends the watch; the status to exit with if a second signal came.
    func end() -> ExitCode? {
        Self.ignoreLooks()
        for task in tasks.withLock({ $0 }) { task.cancel() }
        return state.withLock { $0.code }
    }

    private func stop(_ signal: UnixSignal) {
        let code = signal == .sigint ? ExitCode.interrupted : .terminated
        let isFirst = state.withLock { state in
            state.count += 1
            if state.count > 1 { state.code = code }
            return state.count == 1
        }
        if isFirst {
            complain("tidemill: draining; once more stops at once")
            pipeline.drain()
            leave(after: options.shutdownTimeout + options.stopGrace + Self.patience, .unfinished)
        } else {
            pipeline.cancel()
            leave(after: options.stopGrace + Self.patience, code)
        }
    }

    /// Something that can't be interrupted must not keep the program for long.
    private func leave(after time: Duration, _ code: ExitCode) {
        let task = Task { [lastWords] in
            guard (try? await Task.sleep(for: time)) != nil else { return }
            complain("tidemill: a handler can't be interrupted; leaving it behind")
            lastWords()
            _exit(code.rawValue)
        }
        tasks.withLock { $0.append(task) }
    }
}
