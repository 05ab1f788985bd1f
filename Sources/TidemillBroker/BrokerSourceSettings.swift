public import Tidemill
public import Tracing

/// How a ``BrokerSource`` takes messages, whatever broker they come from.
public struct BrokerSourceSettings: Sendable {
    /// What bodies are.
    public var format = MessageFormat.json
    /// How many messages may be with the pipeline; nil is as many as the stage behind the source has room for.
    public var prefetch: Int?
    /// After how many deliveries a message is not tried again but given up; nil for never.
    public var maxDeliveries: Int?
    /// How many bytes a body may have.
    public var maxMessage = 8 << 20
    /// Whether the source comes to its end when there are no more messages.
    public var stopsWhenEmpty = false
    /// How long the broker may be out of reach at the start.
    public var connectTimeout = Duration.seconds(10)
    /// How long the broker may take to hear how the last messages ended.
    public var closeTimeout = Duration.seconds(5)
    /// Where traces go; nil is the program's own tracer, as it is when a message is received.
    public var tracer: (any Tracer)?
    /// How long a call waits for messages.
    var wait = Duration.seconds(1)

    /// The settings that are the default.
    public init() {}

    var deliveryPolicy: DeliveryPolicy { DeliveryPolicy(maxDeliveries: maxDeliveries) }
}

extension BrokerSourceSettings {
    /// The fields that every source of messages has.
    public static let fields = [
        MessageFormat.field,
        FieldSpecification(
            "prefetch",
            .integer(in: 1...100_000),
            "How many messages may be in the pipeline at a time. By default as many as the stage behind the source has "
                + "room for, in its channel and in its workers' hands."
        ),
        FieldSpecification(
            "max_deliveries",
            .integer(in: 1...1_000_000),
            "How many times a message may be delivered. One that is delivered once more has failed with the kind "
                + "`max_deliveries`; where failed jobs are handed back, the broker puts it aside. By default there is no "
                + "limit, so that a message that always fails comes again for ever.",
            examples: [5]
        ),
        FieldSpecification(
            "max_message",
            .size(in: 1...1 << 30),
            "How many bytes a message may have; a larger one has failed.",
            default: "8MiB"
        ),
        FieldSpecification(
            "stop_when_empty",
            .boolean,
            "Whether the source comes to its end when there are no more messages, in place of waiting for some.",
            default: false
        ),
    ]

    /// The settings of a configuration's node that has these ``fields``.
    public init(_ settings: Settings) {
        format = MessageFormat(settings)
        prefetch = settings.optionalInteger("prefetch")
        maxDeliveries = settings.optionalInteger("max_deliveries")
        maxMessage = settings.size("max_message")
        stopsWhenEmpty = settings.boolean("stop_when_empty")
    }
}
