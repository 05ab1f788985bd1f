import Tidemill

/// The fields that the sources of bytes have in common, and what they say.
enum InputFields {
    static let all = [
        FieldSpecification(
            "format",
            .choice(["lines", "json_lines", "csv", "whole", "blob"]),
            "What becomes a job: every line, the JSON value on every line, every CSV row, the whole content as a "
                + "string, or the whole content as a blob, which goes from script to script without being copied.",
            default: "lines"
        ),
        FieldSpecification(
            "max_line",
            .size(in: 1...1 << 30),
            "The longest line or CSV row; a longer one fails by itself, with its first 1 KiB as the value.",
            default: "1MiB"
        ),
        FieldSpecification(
            "max_size",
            .size(in: 1...1 << 31),
            "The largest content in the formats `whole` and `blob`.",
            default: "64MiB"
        ),
        FieldSpecification(
            "header",
            .boolean,
            "Whether the first CSV row names the columns, so that rows are tables; else they are arrays.",
            default: true
        ),
        FieldSpecification("delimiter", .string(allowsEmpty: false), "The character between CSV fields.", default: ","),
    ]

    static func format(_ settings: Settings) throws -> InputFormat {
        let format = settings.string("format")
        if format != "csv" {
            try reject(["header", "delimiter"], in: settings, unless: "csv")
        }
        switch format {
        case "json_lines": return .jsonLines
        case "csv":
            return .csv(
                CSVDialect(hasHeader: settings.boolean("header"), delimiter: try CSVFields.delimiter(settings))
            )
        case "whole": return .whole
        case "blob": return .blob
        default: return .lines
        }
    }

    static func limits(_ settings: Settings) -> InputLimits {
        InputLimits(line: settings.size("max_line"), whole: settings.size("max_size"))
    }
}

/// What CSV sources and sinks have in common.
enum CSVFields {
    static func delimiter(_ settings: Settings) throws -> UInt8 {
        let text = settings.string("delimiter")
        guard text.utf8.count == 1, let byte = text.utf8.first, !"\"\r\n".utf8.contains(byte) else {
            let issue = settings.issue(
                at: "delimiter",
                "a delimiter is one ASCII character and no quote or line end",
                hint: "\",\", \";\" or \"\\t\""
            )
            throw ConfigurationError([issue])
        }
        return byte
    }
}

/// Refuses fields that the file gives and that the chosen format doesn't look at.
func reject(_ fields: [String], in settings: Settings, unless format: String) throws {
    let issues = fields.filter { settings.isGiven($0) }.map {
        settings.issue(at: $0, "\"\($0)\" belongs to the format \"\(format)\"")
    }
    if !issues.isEmpty { throw ConfigurationError(issues) }
}
