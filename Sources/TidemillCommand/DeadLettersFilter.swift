import ArgumentParser
import Tidemill
import TidemillConnectors

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The filters that the commands on dead letters share.
struct LetterFilterOptions: ParsableArguments {
    @Option(help: "Only those that failed in this node; may be repeated.")
    var stage: [String] = []

    @Option(help: "Only those whose error is of this kind, such as \"handler\"; may be repeated.")
    var kind: [String] = []

    @Option(
        help: "Only those that failed at or after this moment: ISO 8601, or an age such as \"2h\".",
        transform: moment
    )
    var since: Date?

    @Option(help: "Only those that failed at or before this moment.", transform: moment)
    var until: Date?

    @Option(
        parsing: .upToNextOption,
        help: "Only the letters with these ids. The configuration, if it is named, comes before.",
        transform: letterID
    )
    var id: [DeadLetterID] = []

    @Option(help: "Only those whose error, key, value or metadata contains this text.")
    var match: String?

    @Option(help: "At most so many, the first ones of the file.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    var isEmpty: Bool {
        stage.isEmpty && kind.isEmpty && since == nil && until == nil && id.isEmpty && match == nil && limit == nil
    }

    var filter: LetterFilter {
        var filter = LetterFilter()
        filter.stages = Set(stage)
        filter.kinds = Set(kind)
        filter.since = since
        filter.until = until
        filter.ids = Set(id)
        filter.text = match
        return filter
    }
}

/// Which letters a command changes: nothing is changed without saying so.
struct LetterChoice: ParsableArguments {
    @OptionGroup var filters: LetterFilterOptions

    @Flag(help: "All letters.")
    var all = false

    @Flag(help: "Lists what would be done, and does nothing.")
    var dryRun = false

    func validate() throws {
        if all, !filters.isEmpty { throw ValidationError("--all and filters exclude each other") }
        if !all, filters.isEmpty { throw ValidationError("say which letters: a filter, or --all") }
    }
}

private func moment(_ text: String) throws -> Date {
    if let date = LetterTime.date(text) { return date }
    if let age = DurationText.parse(text) { return Date().addingTimeInterval(-(age / .seconds(1))) }
    throw ValidationError("\"\(text)\" is neither a moment, such as 2026-05-01T12:00:00Z, nor an age, such as 2h")
}

func letterID(_ text: String) throws -> DeadLetterID {
    guard let id = DeadLetterID(text) else { throw ValidationError("\"\(text)\" is no id of a dead letter") }
    return id
}
