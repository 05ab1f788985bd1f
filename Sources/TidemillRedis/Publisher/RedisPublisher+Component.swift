public import Tidemill
import TidemillBroker

extension RedisPublisher {
    /// The sink `redis` of configurations.
    public static let component = SinkComponent(
        "redis",
        "Adds each job to a Redis stream.",
        fields: RedisServer.fields + fields + BrokerSinkSettings.fields
    ) { settings in
        var publisher = RedisPublisherSettings(try RedisServer(settings), stream: settings.string("stream"))
        publisher.bodyField = settings.string("body_field")
        publisher.keyField = settings.string("key_field")
        publisher.maxLength = settings.optionalInteger("max_length")
        publisher.maxAge = settings.optionalDuration("max_age")
        publisher.deduplicates = settings.optionalDuration("deduplicate")
        if publisher.bodyField == publisher.keyField {
            throw ConfigurationError([settings.issue(at: "key_field", "it is the field of the body")])
        }
        return BrokerSink(RedisPublisher(publisher), try BrokerSinkSettings(settings))
    }

    private static let fields = [
        FieldSpecification(
            "stream",
            .string(allowsEmpty: false),
            "The stream's key; the stream is made with the first message.",
            required: true,
            examples: ["orders"]
        ),
        FieldSpecification("body_field", .string(allowsEmpty: false), "The field for a job's value.", default: "body"),
        FieldSpecification("key_field", .string(allowsEmpty: false), "The field for a job's key.", default: "key"),
        FieldSpecification(
            "max_length",
            .integer(in: 1 ... .max),
            "About how many entries the stream keeps: older ones are trimmed, read or not. By default none are."
        ),
        FieldSpecification(
            "max_age",
            .duration(in: .seconds(1) ... .seconds(1 << 32)),
            "About how long the stream keeps entries: older ones are trimmed, read or not. By default none are."
        ),
        FieldSpecification(
            "deduplicate",
            .duration(in: .seconds(1) ... .seconds(1 << 32)),
            "For how long the server remembers which messages it has, by their `id`, in a key for each; one that comes "
                + "again meanwhile, as after a connection broke, is not added. By default none are remembered.",
            examples: ["10m"]
        ),
    ]
}
