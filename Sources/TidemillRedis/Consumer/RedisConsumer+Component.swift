public import Tidemill
import TidemillBroker

extension RedisConsumer {
    /// The source `redis` of configurations.
    public static let component = SourceComponent(
        "redis",
        "Takes messages from a Redis stream, as a member of a consumer group.",
        fields: RedisServer.fields + fields + BrokerSourceSettings.fields
    ) { settings in
        let server = try RedisServer(settings)
        return BrokerSource(RedisConsumer(try consumerSettings(server, settings)), BrokerSourceSettings(settings))
    }

    private static let fields = [
        FieldSpecification(
            "stream",
            .string(allowsEmpty: false),
            "The stream's key.",
            required: true,
            examples: ["orders"]
        ),
        FieldSpecification(
            "group",
            .string(allowsEmpty: false),
            "The consumers that share the stream's messages; the group is made where it is missing.",
            required: true,
            examples: ["tidemill"]
        ),
        FieldSpecification(
            "consumer",
            .string(allowsEmpty: false),
            "This consumer's name in the group, which no other that runs may have. By default the machine's name and the "
                + "process's number."
        ),
        FieldSpecification(
            "lease",
            .duration(in: .milliseconds(100) ... .seconds(86_400)),
            "How long a message is this consumer's unless it says that it goes on, before others get it; the same for "
                + "all consumers of a group.",
            default: "30s"
        ),
        FieldSpecification(
            "start",
            .choice(RedisConsumerSettings.Start.allCases.map(\.rawValue)),
            "Where a group that is missing begins: with the `oldest` message, or only with `newest` ones.",
            default: "oldest"
        ),
        FieldSpecification(
            "delete",
            .boolean,
            "Whether messages that are done are deleted from the stream, also for its other groups.",
            default: false
        ),
        FieldSpecification(
            "body_field",
            .string(allowsEmpty: false),
            "The field that is a message's body; an entry without it is one JSON object of all its fields.",
            default: "body"
        ),
        FieldSpecification("key_field", .string(allowsEmpty: false), "The field that is a job's key.", default: "key"),
        FieldSpecification(
            "dead_letters_stream",
            .string(allowsEmpty: false),
            "The stream that messages go to which are given up, with the reason. By default the stream's key and `:dead`."
        ),
        FieldSpecification(
            "remove_consumers_after",
            .duration(in: .seconds(1) ... .seconds(1 << 32)),
            "How long consumers must have been away, with no message left, to be removed from the group.",
            default: "1h"
        ),
    ]

    private static func consumerSettings(
        _ server: RedisServer,
        _ settings: Settings
    ) throws(ConfigurationError) -> RedisConsumerSettings {
        var consumer = RedisConsumerSettings(
            server,
            stream: settings.string("stream"),
            group: settings.string("group")
        )
        consumer.consumer = settings.optionalString("consumer") ?? RedisConsumerSettings.ownName
        consumer.lease = settings.duration("lease")
        consumer.start = RedisConsumerSettings.Start(rawValue: settings.string("start")) ?? .oldest
        consumer.deletes = settings.boolean("delete")
        consumer.bodyField = settings.string("body_field")
        consumer.keyField = settings.string("key_field")
        consumer.deadLettersStream = settings.optionalString("dead_letters_stream")
        consumer.removesConsumersAfter = settings.duration("remove_consumers_after")
        var issues: [ConfigurationIssue] = []
        if consumer.deadLetters == consumer.stream {
            let hint = "messages that were given up would come again"
            issues.append(settings.issue(at: "dead_letters_stream", "it is the stream itself", hint: hint))
        }
        if consumer.bodyField == consumer.keyField {
            issues.append(settings.issue(at: "key_field", "it is the field of the body"))
        }
        if !issues.isEmpty { throw ConfigurationError(issues) }
        return consumer
    }
}
