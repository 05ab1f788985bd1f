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
            SIGTERM and SIGINT ask the sources to stop and let everything finish that is on its way. What is not done \
            after the configuration's shutdown_timeout (25 s if it has none) is interrupted and handed back, as is \
            everything after a second SIGTERM or SIGINT. SIGUSR1 writes to standard error where every job is, as a \
            JSON object, and disturbs nothing.

            Messages that are left at the end, because there was no time for them or because they were handed back to \
            their source, are counted on standard error in one line, "tidemill-leftovers: {...}", and make the exit \
            status 75. With --leftovers they are listed in a file instead: JSON lines, first the numbers, then an \
            object for each job, but for no more than 1,000 (id, source, sequence, key, node, state, outcome, \
            failed_attempts, age_seconds). The file is written at the end of every run, also when nothing is left.
            """
    )

    @OptionGroup var file: ConfigurationOption

    @OptionGroup var logs: LogOptions

    @Option(help: "The file to list the jobs in that are left at the end.", completion: .file())
    var leftovers: String?

    func run() async throws {
        SignalWatch.ignoreLooks()
        // A reader that goes away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        logs.bootstrap()

        let clock = SystemClock()
        let configuration = try file.load()
        let options = PipelineOptions(clock: clock, shutdownTimeout: configuration.shutdownTimeout)
        let pipeline = try file.build(configuration, options)
        let progress = logs.quiet ? nil : ProgressDisplay(pipeline, configuration)
        let signals = await SignalWatch(pipeline, options, progress) { [leftovers] in
            writeError(InspectionText(pipeline.inspect()).text)
            _ = LeftoverReport(leftovers: pipeline.leftovers, path: leftovers).write()
        }
        let failure = await result { try await pipeline.run() }
        await progress?.end()
        let second = signals.end()
        let snapshot = pipeline.snapshot()
        let report = LeftoverReport(leftovers: pipeline.leftovers, path: leftovers)
        if !logs.quiet {
            complain(Summary(snapshot, hasFailed: failure != nil, isStopped: report.leftovers.isStopped).text)
            if let text = report.text { complain(text) }
        }
        let isWritten = report.write()
        if let second { throw second }
        try exit(failure, snapshot)
        if !report.leftovers.isEmpty { throw ExitCode.unfinished }
        if !isWritten { throw ExitCode.failure }
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
        if !snapshot.books.balance {
            complain("tidemill: \(snapshot.books.open) jobs are unaccounted for; this is a bug in Tidemill")
            throw ExitCode.failure
        }
    }
}
