import ArgumentParser
import Tidemill
import TidemillConnectors

struct ListLetters: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists dead letters: a line for each."
    )

    @OptionGroup var file: ConfigurationOption

    @OptionGroup var filters: LetterFilterOptions

    @Option(help: "The form of the list; json gives each letter as it is in the file.")
    var format = Format.text

    func run() async throws {
        let letters = try file.letters(of: try file.load())
        try await reportingFileProblems(letters) {
            let selection = LetterSelection(filters.filter, gone: try letters.gone())
            var count = 0
            try forEachEntry(of: letters) { entry in
                guard let letter = selection.letter(entry) else { return true }
                if count == 0, format == .text { print(DeadLetter.header) }
                print(format == .text ? letter.row : String(entry.text).printableJSON)
                count += 1
                return count != filters.limit
            }
            if count == 0 { complain("\(letters.path): no \(filters.isEmpty ? "" : "such ")dead letters") }
        }
    }
}

struct ShowLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows everything about dead letters, for people to read."
    )

    @Argument(help: "The letters' ids, as `list` shows them.", transform: letterID)
    var ids: [DeadLetterID]

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config = "config.json"

    func run() async throws {
        var file = ConfigurationOption()
        file.config = config
        let letters = try file.letters(of: try file.load())
        var missing = Set(ids)
        try await reportingFileProblems(letters) {
            let gone = try letters.gone()
            var isFirst = true
            try forEachEntry(of: letters) { entry in
                guard case .success(let letter) = entry.content, !gone.contains(letter),
                    missing.remove(letter.id) != nil
                else { return true }
                if !isFirst { print("") }
                isFirst = false
                print(letter.text(record: try Value(json: entry.text)))
                return !missing.isEmpty
            }
        }
        for id in missing { complain("\(letters.path): there is no letter \(id)") }
        if !missing.isEmpty { throw ExitCode.failure }
    }
}
