import ArgumentParser
import Logging
import Tidemill
import TidemillConnectors

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

struct ReplayLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Runs dead letters through the pipeline again, from the node in which they failed.",
        discussion: """
            The sources of the configuration are not read. A letter is removed once its job has ended well; one that \
            fails again is replaced by a new letter with the history of the old one. What is cut short, by a signal \
            or by kill -9, can be done again: letters that are done are not replayed twice, and none is lost. Sinks \
            of type "file" are continued, whatever their "mode".
            """
    )

    @OptionGroup var file: ConfigurationOption

    @OptionGroup var choice: LetterChoice

    @Flag(help: "Sends the values to what reads the sources, rather than to the node in which they failed.")
    var fromStart = false

    @OptionGroup var logs: LogOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        logs.bootstrap()
        let configuration = try file.load()
        let letters = try file.letters(of: configuration)
        try await reportingFileProblems(letters) {
            guard letters.exists else { return complain("\(letters.path): no dead letters") }
            let plan = ReplayPlan(configuration, fromStart: fromStart)
            if choice.dryRun { return try show(letters, plan) }
            try await replay(configuration, try LockedLetters.recovered(letters), plan)
        }
    }

    private func show(_ file: LetterFile, _ plan: ReplayPlan) throws {
        let found = try ReplaySurvey(file, choice.filters, plan, gone: file.gone(), shows: true)
        complain("tidemill: \(found.count.letters) would be replayed" + found.rest)
    }

    private func replay(
        _ configuration: PipelineConfiguration,
        _ letters: LockedLetters,
        _ plan: ReplayPlan
    ) async throws {
        let found = try ReplaySurvey(letters.file, choice.filters, plan, gone: GoneLetters(), upTo: letters.size)
        let session = ReplaySession(letters)
        let sources = found.targets.map { name, count in
            (name, ReplaySource(name, count: count, found.selection, plan, session) as any Source)
        }
        // A letter that waits in memory waits in the file, too.
        let options = PipelineOptions(
            clock: SystemClock(),
            shutdownTimeout: configuration.shutdownTimeout,
            inFlight: 8_192
        )
        let pipeline = try file.reportingIssues {
            try Pipeline(
                configuration,
                components: .continuing,
                replacingSourcesWith: Dictionary(uniqueKeysWithValues: sources),
                deadLetters: ReplaySink(session),
                options: options
            )
        }
        let failure = await run(pipeline, configuration, options)
        try await session.finish()
        try end(found, session.outcomes, failure)
    }

    /// Runs it to its end, whatever that is.
    private func run(
        _ pipeline: Pipeline,
        _ configuration: PipelineConfiguration,
        _ options: PipelineOptions
    ) async -> (any Error)? {
        let progress = logs.quiet ? nil : ProgressDisplay(pipeline, configuration)
        let signals = await SignalWatch(pipeline, options, progress)
        var failure: (any Error)?
        do {
            try await pipeline.run()
        } catch {
            failure = error
        }
        await progress?.end()
        let second = signals.end()
        if !logs.quiet { complain(Summary(pipeline.snapshot(), hasFailed: failure != nil, isStopped: pipeline.leftovers.isStopped).text) }
        return second ?? failure
    }

    private func end(_ found: ReplaySurvey, _ outcomes: [Outcome: Int], _ failure: (any Error)?) throws {
        let again = outcomes[.deadLettered, default: 0]
        let well = [Outcome.delivered, .filtered, .dropped].map { outcomes[$0, default: 0] }.reduce(0, +)
        let kept = found.count - well - again
        complain(
            "tidemill: \(found.count.letters): \(well.grouped) done, \(again.grouped) failed again"
                + (kept > 0 ? ", \(kept.grouped) kept, for their jobs were not finished" : "") + found.rest
        )
        if let status = failure as? ExitCode { throw status }
        if let failure {
            complain("tidemill: \(failure)")
            let isClosedOutput = (failure as? PipelineError)?.underlying is ClosedOutput
            throw isClosedOutput ? ExitCode.unfinished : ExitCode.failure
        }
        if kept > 0 || !found.refusals.isEmpty { throw ExitCode.unfinished }
    }
}

extension Components {
    /// Everything that this program has, for a run that goes on with the output of an earlier one.
    fileprivate static let continuing: Components = {
        var components = Components.standard
        components.add(FileSink.continuing)
        return components
    }()
}
