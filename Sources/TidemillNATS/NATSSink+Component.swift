public import Tidemill
public import TidemillBroker

/// A sink of messages for JetStream.
public typealias NATSSink = BrokerSink<NATSPublisher>

extension SinkComponent {
    /// The sink `nats` of configurations.
    public static let nats = SinkComponent(
        "nats",
        "Publishes each job to NATS JetStream; it counts as delivered when the stream has the message.",
        fields: NATSFields.connection
            + NATSFields.stream(required: false, "A stream that has to be there. By default whichever has the subject.")
            + subjectFields + BrokerSinkSettings.fields
    ) { settings in
        var publisher = try publisherSettings(settings, try NATSEndpoint(settings))
        publisher.stream = try NATSStream(settings)
        publisher.keyHeader = settings.string("key")
        return NATSSink(NATSPublisher(publisher), try BrokerSinkSettings(settings))
    }

    private static func publisherSettings(
        _ settings: Settings,
        _ endpoint: NATSEndpoint
    ) throws(ConfigurationError) -> NATSPublisher.Settings {
        do {
            return try NATSPublisher.Settings(endpoint: endpoint, subject: settings.string("subject"))
        } catch {
            throw ConfigurationError([settings.issue(at: "subject", error.description)])
        }
    }

    private static let subjectFields = [
        FieldSpecification(
            "subject",
            .string(allowsEmpty: false),
            "The subject to publish to, with fields of the job's metadata, or its `key`, in braces. What a field is "
                + "can't have blanks or wildcards in it.",
            required: true,
            examples: ["orders.done", "orders.{region}.{key}"]
        ),
        FieldSpecification(
            "key",
            .string(allowsEmpty: false),
            "The header that a job's key goes into.",
            default: "Tidemill-Key"
        ),
    ]
}
