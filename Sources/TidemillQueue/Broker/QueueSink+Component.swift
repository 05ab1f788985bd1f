import Tidemill
import TidemillBroker

/// The sink `queue` of configurations.
enum QueueSink {
    static let component = SinkComponent(
        "queue",
        "Puts messages into a queue in a SQLite file, which several processes may use at once. A job is delivered when "
            + "its message is on the disk.",
        fields: QueueFields.place + BrokerSinkSettings.fields.filter { $0.name != "id" } + [
            FieldSpecification(
                "priority",
                .union([.integer(in: QueuePriority.range), .string(allowsEmpty: false)]),
                "Messages of a higher priority are taken first: a number, or a template with fields of the job's metadata "
                    + "in braces that gives one.",
                default: 0,
                examples: [10, "{priority}"]
            ),
            FieldSpecification("delay", .duration(), "How long a message waits before it can be taken.", default: "0s"),
            FieldSpecification(
                "unique",
                .string(allowsEmpty: false),
                "A template with fields of the job's metadata, or its `key`, in braces: while a message with the same "
                    + "text is neither done nor dead, further ones are ignored.",
                examples: ["{key}", "order-{order}"]
            ),
        ]
    ) { settings in
        var common = BrokerSinkSettings()
        common.format = MessageFormat(rawValue: settings.string("format")) ?? .json
        common.maxMessage = settings.size("max_message")
        let publisher = QueuePublisher(
            .shared(settings.string("path")),
            QueuePublisher.Settings(
                queue: settings.string("queue"),
                priority: try priority(settings),
                delay: settings.duration("delay"),
                uniqueKey: try settings.template("unique", purpose: "the message's unique key")
            )
        )
        return BrokerSink(publisher, common)
    }

    private static func priority(_ settings: Settings) throws(ConfigurationError) -> QueuePriority {
        if let number = settings.optionalInteger("priority") { return .constant(number) }
        let template = try settings.template("priority", purpose: "the message's priority")
        return template.map { .template($0) } ?? .constant(0)
    }
}
