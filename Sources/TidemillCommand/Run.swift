import ArgumentParser
import Logging
import Tidemill
import TidemillConnectors
import TidemillScripting
import UnixSignals

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a pipeline until its sources have no more.",
        discussion: """
            SIGTERM and SIGINT ask the sources to stop and let everything finish that is on its way; a second one \
            stops at once.
            """
    )

    @OptionGroup var file: ConfigurationOption

    @Option(help: "How log lines look.")
    var logFormat = LogFormat.text

    @Option(
        help: "The least severe log lines to show: trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError("there is no level \"\(text)\"")
            }
            return level
        }
    )
    var logLevel = Logger.Level.info

    @Flag(name: .shortAndLong, help: "Shows neither progress nor the summary.")
    var quiet = false

    func run() async throws {
        // A reader that goes away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let (format, level) = (logFormat, logLevel)
        LoggingSystem.bootstrap { _ in ErrorOutputLogHandler(logLevel: level, format: format) }

        let clock = SystemClock()
        let configuration = try file.load()
        let pipeline = try file.build(configuration, PipelineOptions(clock: clock))
        let signals = SignalWatch(pipeline)
        let progress = quiet ? nil : ProgressDisplay(pipeline, configuration)
        let failure = await result { try await pipeline.run() }
        await progress?.end()
        let second = await signals.end()
        let snapshot = pipeline.snapshot()
        if !quiet { complain(Summary(snapshot, hasFailed: failure != nil).text) }
        if let second { throw second }
        try exit(failure, snapshot)
    }

    private func result(_ body: () async throws -> Void) async -> (any Error)? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    private func traceback(of cause: (any Error)?) -> String? {
        switch cause {
        case let error as ScriptError: error.traceback
        case let failure as JobFailure: failure.traceback
        default: nil
        }
    }

    private func exit(_ failure: (any Error)?, _ snapshot: PipelineSnapshot) throws {
        if let failure {
            complain("tidemill: \(failure)")
            let cause = (failure as? PipelineError)?.underlying
            if let traceback = traceback(of: cause) { complain(traceback) }
            let isClosedOutput = cause is ClosedOutput
            throw isClosedOutput ? ExitCode.unfinished : ExitCode.failure
        }
        if snapshot.books[.cancelled] > 0 { throw ExitCode.unfinished }
        if !snapshot.books.balance {
            complain("tidemill: \(snapshot.books.open) jobs are unaccounted for; this is a bug in Tidemill")
            throw ExitCode.failure
        }
    }
}
