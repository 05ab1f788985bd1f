public import TidemillBroker

extension NATSEndpoint {
    /// The endpoint of one server that asks for no credentials, as `nats://127.0.0.1:4222`.
    public init(_ url: String) { self.init(urls: [url]) }
}

extension BrokerSource where Consumer == NATSConsumer {
    /// A source of a stream's messages, with the server's limits; programs that name the same consumer share them.
    ///
    /// The consumer is durable, made where it is missing, and begins with the stream's first message then. For other
    /// limits, give a ``NATSConsumer`` with settings of its own.
    public convenience init(
        _ endpoint: NATSEndpoint,
        stream: NATSStream,
        consumer: String,
        _ settings: BrokerSourceSettings = BrokerSourceSettings()
    ) {
        self.init(NATSConsumer(NATSConsumer.Settings(endpoint: endpoint, stream: stream, consumer: consumer)), settings)
    }
}

extension BrokerSink where Publisher == NATSPublisher {
    /// A sink that publishes to a subject, which may have fields of the job in braces.
    ///
    /// `stream` has to be there, or is made as it says; nil is whichever has the subject.
    ///
    /// - Throws: ``BrokerError`` where the text can't be a subject.
    public convenience init(
        _ endpoint: NATSEndpoint,
        subject: String,
        stream: NATSStream? = nil,
        _ settings: BrokerSinkSettings = BrokerSinkSettings()
    ) throws(BrokerError) {
        var publisher = try NATSPublisher.Settings(endpoint: endpoint, subject: subject)
        publisher.stream = stream
        self.init(NATSPublisher(publisher), settings)
    }
}
