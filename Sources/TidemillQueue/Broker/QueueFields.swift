import Tidemill

/// Fields of configurations that sources and sinks of queues share.
enum QueueFields {
    static let place = [
        FieldSpecification("path", .path, "The SQLite file; it and the folders above it are made.", required: true),
        FieldSpecification(
            "queue",
            .string(allowsEmpty: false),
            "The queue's name; one file may have many.",
            default: "default"
        ),
    ]

    static let retention = [
        FieldSpecification("age", .duration(), "How long after their end; by default for ever."),
        FieldSpecification("count", .integer(in: 0 ... .max), "How many, the newest of them; by default all."),
    ]

    static func retention(_ settings: Settings) -> QueueRetention {
        QueueRetention(age: settings.optionalDuration("age"), count: settings.optionalInteger("count"))
    }
}
