import Tidemill
import TidemillQueue

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension StoredMessage {
    /// A line of the table, for a person.
    var row: String {
        let cells = [
            "\(id)", state.name, "\(priority)", "\(attempts)", Self.time(createdAt), key.map { String($0) } ?? "",
            String(body).onOneLine(80),
        ]
        return Self.row(cells)
    }

    static let header = row(["ID", "STATE", "PRIORITY", "TRIES", "CREATED", "KEY", "BODY"])

    // A message is shown as soon as it is read, so the columns can't wait for the widest.
    private static let widths = [8, 7, 8, 5, 24, 12]

    private static func row(_ cells: [String]) -> String {
        cells.enumerated().map { column, cell in
            column < widths.count ? cell.printable.padded(to: widths[column]) : cell.printable
        }.joined(separator: "  ")
    }

    /// Everything about the message, for a person.
    var text: String {
        var lines = [
            "id        \(id)", "state     \(state.name)", "priority  \(priority)", "tries     \(attempts)",
            "created   \(Self.time(createdAt))",
        ]
        if state == .delayed { lines.append("ready at  \(Self.time(availableAt))") }
        if state == .leased, let leaseUntil {
            lines.append("leased    until \(Self.time(leaseUntil)) by \(leaseHolder ?? "?")")
        }
        if let finishedAt { lines.append("finished  \(Self.time(finishedAt))") }
        if let key { lines.append("key       \(key)") }
        if let uniqueKey { lines.append("unique    \(uniqueKey)") }
        if let headers { lines.append("headers   \(headers)") }
        if let metadata { lines.append("metadata  \(metadata)") }
        if let lastError { lines.append("error     \(lastError)") }
        lines = lines.map(\.printable) + ["body"]
        let body = String(body).split(separator: "\n", omittingEmptySubsequences: false)
        lines += body.map { "  " + String($0).printable }
        return lines.joined(separator: "\n")
    }

    /// Everything about the message, for a program; the body is a string in the form of dead letters.
    var record: Value {
        func text(_ bytes: Bytes?) -> Value { bytes.map { ExactValue.encode(.string($0)) } ?? .null }
        func time(_ milliseconds: Int64?) -> Value { milliseconds.map { .string(Bytes(Self.time($0))) } ?? .null }
        let fields: [(key: String, value: Value)] = [
            ("id", .integer(id)), ("state", .string(Bytes(state.name))), ("priority", .integer(Int64(priority))),
            ("attempts", .integer(Int64(attempts))), ("created_at", time(createdAt)),
            ("available_at", time(availableAt)),
            ("lease_until", state == .leased ? time(leaseUntil) : .null),
            ("lease_holder", state == .leased ? text(leaseHolder.map { Bytes($0) }) : .null),
            ("finished_at", time(finishedAt)), ("key", text(key)), ("unique_key", text(uniqueKey)),
            ("headers", text(headers)), ("metadata", text(metadata)),
            ("last_error", text(lastError.map { Bytes($0) })), ("body", text(body)),
        ]
        return .table(fields.filter { $0.value != .null })
    }

    private static func time(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
        return LetterTime.text(date)
    }
}
