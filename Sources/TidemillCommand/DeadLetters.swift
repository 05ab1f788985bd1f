import ArgumentParser
import Tidemill
import TidemillConnectors

struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Lists, shows, replays and removes the jobs that failed.",
        discussion: """
            They work on the file of a configuration's "dead_letters". A pipeline that is running has that file for \
            itself: it can be listed then, but not replayed or purged.
            """,
        subcommands: [ListLetters.self, ShowLetters.self, ReplayLetters.self, PurgeLetters.self]
    )
}

extension ConfigurationOption {
    /// The file of the configuration's dead letters; ends the program with status 78 where they are in no file.
    func letters(of configuration: PipelineConfiguration) throws -> LetterFile {
        guard let sink = configuration.deadLetters else {
            throw refusal("it sets no \"dead_letters\", and these commands work on their file")
        }
        guard sink.type == FileSink.component.specification.type else {
            throw refusal("its dead letters go to \"\(sink.type)\"; these commands work on those of type \"file\" only")
        }
        guard sink.settings.string("format") == "json_lines" else {
            throw refusal("its dead letters are not in the format \"json_lines\", so they can't be read back")
        }
        return LetterFile(sink.settings.string("path"))
    }

    private func refusal(_ reason: String) -> ExitCode {
        complain("\(config): \(reason)")
        return .configuration
    }
}

/// What can go wrong with the file, said as the other commands say it.
func reportingFileProblems<Result>(_ file: LetterFile, _ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch is LockedLetters.InUse {
        complain("\(file.path): a pipeline or another command is writing it; try again when that has ended, or stop it")
        throw ExitCode.unfinished
    } catch let error where error is SystemError || error is FileProblem {
        complain("tidemill: \(error)")
        throw ExitCode.failure
    }
}

/// Reads the letters of a file in order, and reports the lines that are none.
func forEachEntry(of file: LetterFile, _ body: (LetterEntry) throws -> Bool) throws {
    guard file.exists else { return }
    var reader = try LetterReader(file.path)
    while let entry = try reader.next() {
        if case .failure(let problem) = entry.content {
            complain("\(file.path):\(entry.line): this line is kept, but is no dead letter: \(problem)".printable)
        }
        guard try body(entry) else { return }
    }
}
