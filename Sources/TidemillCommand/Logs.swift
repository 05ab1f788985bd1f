import ArgumentParser
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How log lines look.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Writes log lines to standard error, as text or as JSON.
struct ErrorOutputLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    let format: LogFormat

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = Date().formatted(.iso8601.time(includingFractionalSeconds: true))
        complain(format == .json ? json(event, fields, time) : text(event, fields, time))
    }

    private func text(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)], _ time: String)
        -> String
    {
        let fields = fields.map { " \($0.key)=\(quotedIfNeeded("\($0.value)"))" }.joined()
        return "\(time) \(event.level.rawValue) \(event.message)\(fields)"
    }

    private func quotedIfNeeded(_ text: String) -> String {
        let needsQuotes = text.isEmpty || text.contains { $0 == " " || $0 == "\"" || $0 == "=" || $0.isNewline }
        // Swift escapes the apostrophe as well, which only makes a message harder to read.
        return needsQuotes ? text.debugDescription.replacing("\\'", with: "'") : text
    }

    private func json(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)], _ time: String)
        -> String
    {
        var line = ["time": time, "level": event.level.rawValue, "message": "\(event.message)"]
        for (key, value) in fields { line[key] = "\(value)" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
