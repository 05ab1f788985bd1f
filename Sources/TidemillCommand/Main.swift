import ArgumentParser

/// `tidemill`: runs pipelines from configuration files, and what goes with that.
@main
struct Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidemill",
        abstract: "Runs pipelines of Lua-scripted stages from a JSON configuration.",
        discussion: """
            Data goes to standard output, everything else to standard error.

            Exit status: 0 drained, 1 failed, 64 usage, 69 a needed service is unreachable, 75 stopped with jobs left \
            unfinished or dead letters in use, 78 configuration; 130 or 143 after a second SIGINT or SIGTERM.
            """,
        version: version,
        subcommands: [Run.self, Validate.self, Graph.self, Schema.self, List.self, DeadLetters.self, QueueCommand.self]
    )

    static let version = "0.1.0"
}
