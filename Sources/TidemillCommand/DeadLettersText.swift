import Tidemill
import TidemillConnectors

extension DeadLetter {
    /// A line of the table, for a person.
    var row: String {
        Self.row([id.description, at, stage, kind, job, "\(attempts.count)", message.onOneLine(120)])
    }

    static let header = row(["ID", "AT", "STAGE", "KIND", "JOB", "TRIES", "ERROR"])

    // A letter is shown as soon as it is read, so the columns can't wait for the widest.
    private static let widths = [23, 24, 12, 12, 12, 5]

    private static func row(_ cells: [String]) -> String {
        cells.enumerated().map { column, cell in
            column < widths.count ? cell.printable.padded(to: widths[column]) : cell.printable
        }.joined(separator: "  ")
    }

    /// Everything about the letter, for a person.
    func text(record: Value) -> String {
        var lines = [
            "id        \(id)", "at        \(at)", "stage     \(stage)", "kind      \(kind)", "job       \(job)",
        ]
        let json = { (value: Value?) in (value ?? .null).description.printableJSON }
        if key != nil { lines.append("key       " + json(record["job"]?["key"])) }
        if metadata != .null { lines.append("metadata  " + json(record["job"]?["metadata"])) }
        if let script { lines.append("script    \(script.path) (sha256 \(script.sha256))") }
        if replayed > 0 { lines.append("replayed  \(replayed)") }
        lines = lines.map(\.printable)
        lines += Self.block("error", message)
        if let traceback { lines += Self.block("traceback", traceback) }
        lines += Self.block("attempts", attempts.map { "\($0.at)  \($0.error.onOneLine(200))" }.joined(separator: "\n"))
        lines += Self.block("value", ConfigurationValue(record["value"] ?? .null).prettyJSON.printableJSON)
        return lines.joined(separator: "\n")
    }

    private static func block(_ title: String, _ text: String) -> [String] {
        [title] + text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + String($0).printable }
    }
}

extension String {
    /// The text as a terminal may have it: what could move the cursor, change colours or the direction of writing, or
    /// hide, shows as its code.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            if scalar == "\t" {
                text += "    "
            } else if scalar.isPrintable {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return text
    }

    /// JSON text of the same meaning that a terminal may have; its line ends stay.
    var printableJSON: String {
        if unicodeScalars.allSatisfy({ $0.isPrintable || $0 == "\n" }) { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.isPrintable || scalar == "\n" {
                text.unicodeScalars.append(scalar)
            } else {
                for unit in UTF16.encode(scalar) ?? .init() {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return text
    }

    /// The beginning, with line ends shown as spaces.
    func onOneLine(_ limit: Int) -> String {
        let text = prefix(limit).split(whereSeparator: \.isNewline).joined(separator: " ")
        return count > limit ? text + "…" : text
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        if isASCII { return value >= 0x20 && value != 0x7F }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension Int {
    /// So many dead letters, in words.
    var letters: String { self == 1 ? "1 dead letter" : "\(grouped) dead letters" }
}
