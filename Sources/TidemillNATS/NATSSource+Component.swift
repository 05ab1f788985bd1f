public import Tidemill
public import TidemillBroker

/// A source of messages from JetStream.
public typealias NATSSource = BrokerSource<NATSConsumer>

extension SourceComponent {
    /// The source `nats` of configurations.
    public static let nats = SourceComponent(
        "nats",
        "Takes messages from a stream of NATS JetStream, and acknowledges each when all jobs made of it are done. "
            + "Several programs that name the same consumer share its messages.",
        fields: NATSFields.connection
            + NATSFields.stream(required: true, "The stream that has the messages.")
            + consumerFields + BrokerSourceSettings.fields
    ) { settings in
        try settings.checkName("consumer")
        guard let stream = try NATSStream(settings) else {
            throw ConfigurationError([settings.issue("there is no `stream`")])
        }
        var consumer = NATSConsumer.Settings(
            endpoint: try NATSEndpoint(settings),
            stream: stream,
            consumer: settings.string("consumer")
        )
        consumer.subject = settings.optionalString("subject")
        consumer.ackWait = settings.optionalDuration("ack_wait")
        consumer.maxAckPending = settings.optionalInteger("max_ack_pending")
        consumer.keyHeader = settings.string("key") == subjectKey ? nil : settings.string("key")
        return NATSSource(NATSConsumer(consumer), BrokerSourceSettings(settings))
    }

    private static let subjectKey = "{subject}"

    private static let consumerFields = [
        FieldSpecification(
            "consumer",
            .string(allowsEmpty: false),
            "The name of the durable pull consumer. It is made where it is missing, and begins with the stream's first "
                + "message.",
            required: true,
            examples: ["billing"]
        ),
        FieldSpecification(
            "subject",
            .string(allowsEmpty: false),
            "Which of the stream's subjects to take; may have wildcards. By default all.",
            examples: ["orders.new.*"]
        ),
        FieldSpecification(
            "ack_wait",
            .duration(in: .milliseconds(100) ... .seconds(86_400)),
            "How long a message stays this program's without a sign of life, which is given three times as often; then "
                + "the server gives it to another. A new consumer has 30 s unless this says otherwise; one that is there "
                + "must have what this says.",
            examples: ["1m"]
        ),
        FieldSpecification(
            "max_ack_pending",
            .integer(in: 1...1_000_000),
            "How many messages all programs with this consumer may hold together. A new consumer has the server's "
                + "default (1,000); one that is there must have what this says.",
            examples: [10_000]
        ),
        FieldSpecification(
            "key",
            .string(allowsEmpty: false),
            "The header that a job's key comes from, or `{subject}` for the message's subject.",
            default: "Tidemill-Key",
            examples: ["{subject}"]
        ),
    ]
}
