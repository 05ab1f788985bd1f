import ArgumentParser
import Logging

/// How the run logs and whether it shows what it does, as `tidemill run` has it.
struct LogOptions: ParsableArguments {
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

    func bootstrap() {
        let (format, level) = (logFormat, logLevel)
        LoggingSystem.bootstrap { _ in ErrorOutputLogHandler(logLevel: level, format: format) }
    }
}
