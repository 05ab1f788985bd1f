import ArgumentParser
import Tidemill
import TidemillConnectors

struct PurgeLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Removes dead letters for good, all of them in one step."
    )

    @OptionGroup var file: ConfigurationOption

    @OptionGroup var choice: LetterChoice

    func run() async throws {
        let file = try file.letters(of: try file.load())
        try await reportingFileProblems(file) {
            let count = choice.dryRun ? try show(file) : try purge(file)
            complain("tidemill: \(count.letters) \(choice.dryRun ? "would be " : "")removed")
        }
    }

    private func show(_ file: LetterFile) throws -> Int {
        let survey = try LetterSurvey(file, choice.filters, gone: try file.gone()) {
            print($0.row)
        }
        return survey.count
    }

    private func purge(_ file: LetterFile) throws -> Int {
        guard file.exists else { return 0 }
        let letters = try LockedLetters(file)
        let gone = try file.gone()
        let survey = try LetterSurvey(file, choice.filters, gone: gone)
        return try letters.rewrite(without: gone) { entry, _ in survey.selection.letter(entry) != nil }
    }
}

/// What a first reading of the file finds: which letters are chosen, given that there may be a limit.
struct LetterSurvey {
    private(set) var selection: LetterSelection
    private(set) var count = 0

    /// Reads the file, reports its damaged lines, and calls `body` with each letter that is chosen.
    ///
    /// Letters to which `body` says no don't count.
    init(
        _ file: LetterFile,
        _ filters: LetterFilterOptions,
        gone: GoneLetters,
        upTo bound: Int = .max,
        _ body: (DeadLetter) throws -> Bool
    ) throws {
        selection = LetterSelection(filters.filter, gone: gone, upTo: bound)
        var end = 0
        try forEachEntry(of: file) { entry in
            if count != filters.limit, let letter = selection.letter(entry), try body(letter) {
                count += 1
                end = entry.end
            }
            return true
        }
        if count == filters.limit { selection.bound = end }
    }

    /// The same, where every letter that is chosen counts.
    init(
        _ file: LetterFile,
        _ filters: LetterFilterOptions,
        gone: GoneLetters,
        seen: (DeadLetter) -> Void = { _ in }
    ) throws {
        try self.init(file, filters, gone: gone) { letter in
            seen(letter)
            return true
        }
    }
}
