package import Tidemill

/// Where each letter goes when it is replayed into a pipeline.
package struct ReplayPlan: Sendable {
    /// Why a letter can't be replayed.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let sources: [String]
    private let others: Set<String>
    private let fromStart: Bool

    /// A plan that sends letters to the node in which they failed, or `fromStart` to what reads their source.
    package init(_ configuration: PipelineConfiguration, fromStart: Bool) {
        sources = configuration.sources.map(\.name)
        others = Set(configuration.stages.map(\.name) + configuration.sinks.map(\.name))
        self.fromStart = fromStart
    }

    /// The node that gets the letter; for a source that is what reads it.
    package func target(of letter: DeadLetter) throws(Refusal) -> String {
        fromStart ? try source(of: letter) : try stage(of: letter)
    }

    private func stage(of letter: DeadLetter) throws(Refusal) -> String {
        if others.contains(letter.stage) { return letter.stage }
        if sources.contains(letter.stage) {
            throw Refusal(
                description: "it is what the source \"\(letter.stage)\" could not read; --from-start sends it to what "
                    + "reads the source"
            )
        }
        throw Refusal(description: "\"\(letter.stage)\", where it failed, is not in the configuration")
    }

    private func source(of letter: DeadLetter) throws(Refusal) -> String {
        let name = letter.job.lastIndex(of: "-").map { String(letter.job[..<$0]) } ?? letter.job
        if sources.contains(name) { return name }
        if sources.count == 1 { return sources[0] }
        throw Refusal(description: "its source \"\(name)\" is not in the configuration")
    }
}

/// The letters of a file that one replay is about.
package struct LetterSelection: Sendable {
    private let filter: LetterFilter
    private let gone: GoneLetters
    /// The offset behind the last letter that may be chosen.
    package var bound: Int

    package init(_ filter: LetterFilter, gone: GoneLetters, upTo bound: Int = .max) {
        self.filter = filter
        self.gone = gone
        self.bound = bound
    }

    /// The letter of a line, if it is chosen.
    package func letter(_ entry: LetterEntry) -> DeadLetter? {
        guard entry.end <= bound, case .success(let letter) = entry.content, !gone.contains(letter),
            filter.accepts(letter)
        else { return nil }
        return letter
    }
}
