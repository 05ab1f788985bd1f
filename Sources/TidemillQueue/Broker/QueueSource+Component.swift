import Tidemill
import TidemillBroker

/// The source `queue` of configurations.
enum QueueSource {
    static let component = SourceComponent(
        "queue",
        "Takes messages from a queue in a SQLite file, which several processes may use at once; each is worked on at "
            + "least once.",
        fields: QueueFields.place + BrokerSourceSettings.fields + [
            FieldSpecification(
                "lease",
                .duration(in: .milliseconds(100) ... .seconds(86_400)),
                "How long a message stays this process's when it is no longer heard of: then another one has it. While "
                    + "the process is alive, leases are extended.",
                default: "1m"
            ),
            FieldSpecification(
                "ordered",
                .boolean,
                "Whether messages with the same key are taken one after the other, in the order in which they were put "
                    + "in, whatever their priorities, by all processes together. A message that fails holds those behind "
                    + "it up until it is done or given up. The file remembers it for the queue.",
                default: false
            ),
            FieldSpecification(
                "keep_dead",
                .object(QueueFields.retention),
                "How long messages that were given up stay in the file; by default for ever.",
                examples: [["age": "30d", "count": 10_000]]
            ),
            FieldSpecification(
                "keep_done",
                .object(QueueFields.retention),
                "How long messages that are done stay in the file; by default they are removed at once.",
                examples: [["age": "1d"]]
            ),
        ]
    ) { settings in
        let consumer = QueueConsumer(
            .shared(settings.string("path")),
            QueueConsumer.Settings(
                queue: settings.string("queue"),
                leaseDuration: settings.duration("lease"),
                isOrdered: settings.boolean("ordered"),
                dead: settings.optionalObject("keep_dead").map(QueueFields.retention) ?? QueueRetention(),
                done: settings.optionalObject("keep_done").map(QueueFields.retention)
            )
        )
        return BrokerSource(consumer, BrokerSourceSettings(settings))
    }
}
