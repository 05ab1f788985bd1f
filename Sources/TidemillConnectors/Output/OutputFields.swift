import Tidemill

/// The fields that the sinks of bytes have in common, and what they say.
enum OutputFields {
    static let all = [
        FieldSpecification(
            "format",
            .choice(["json_lines", "lines", "csv", "raw"]),
            "How values are written: as JSON on a line each, as text on a line each, as CSV rows, or as bytes with "
                + "nothing between them.",
            default: "json_lines"
        ),
        FieldSpecification(
            "columns",
            .list(of: .string(), count: 1...10_000),
            "The CSV's columns; by default the fields of the first table."
        ),
        FieldSpecification("delimiter", .string(allowsEmpty: false), "The character between CSV fields.", default: ","),
    ]

    static func format(_ settings: Settings) throws -> OutputFormat {
        let format = settings.string("format")
        if format != "csv" {
            try reject(["columns", "delimiter"], in: settings, unless: "csv")
        }
        switch format {
        case "lines": return .lines
        case "raw": return .raw
        case "csv":
            let columns = settings.has("columns") ? settings.strings("columns") : nil
            if let columns, Set(columns).count < columns.count {
                throw ConfigurationError([settings.issue(at: "columns", "two columns have one name")])
            }
            return .csv(columns: columns, delimiter: try CSVFields.delimiter(settings))
        default: return .jsonLines
        }
    }
}
