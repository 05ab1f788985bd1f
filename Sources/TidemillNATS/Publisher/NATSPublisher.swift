import CNATS
import Synchronization
public import Tidemill
public import TidemillBroker

/// Publishes to JetStream, and waits until streams have what was published.
///
/// Messages carry their ids as `Nats-Msg-Id`: a stream takes none twice within its duplicate window (two minutes
/// unless it says otherwise).
public final class NATSPublisher: BrokerPublisher {
    /// Where to publish.
    public struct Settings: Hashable, Sendable {
        /// Where the server is.
        public var endpoint: NATSEndpoint
        /// A stream that has to be there; nil: whichever has the subject.
        public var stream: NATSStream?
        /// The header that the key goes into; nil for none.
        public var keyHeader: String? = "Tidemill-Key"
        let subject: SubjectTemplate

        /// A publisher to a subject, which may have fields of the job in braces.
        ///
        /// - Throws: ``BrokerError`` where it can't be a subject.
        public init(endpoint: NATSEndpoint, subject: String) throws(BrokerError) {
            self.endpoint = endpoint
            self.subject = try SubjectTemplate(subject)
        }
    }

    /// By what a stream knows that it has a message already.
    static let idHeader = "Nats-Msg-Id"

    private let settings: Settings
    private let session = Mutex<Session?>(nil)

    /// A publisher that is not connected yet.
    public init(_ settings: Settings) { self.settings = settings }

    /// Connects, and finds the stream if one is named.
    public func connect() async throws {
        let errors = PublishErrors.make()
        do {
            let connection = try NATSConnection(settings.endpoint) { options in
                options.PublishAsync.ErrHandler = noteRefusedMessage
                options.PublishAsync.ErrHandlerClosure = errors.closure
            }
            try settings.stream?.ensure(on: connection)
            session.withLock { $0 = Session(errors: errors, connection: connection) }
        } catch {
            errors.forget()
            throw error
        }
    }

    /// Sends all of them and then waits for the streams' answers.
    public func publish(_ messages: [OutgoingMessage]) async throws -> [Int: JobFailure] {
        guard let session = session.withLock({ $0 }) else {
            throw BrokerError(.unreachable, "not connected to \(settings.endpoint.description)")
        }
        _ = session.errors.take()
        var failures: [Int: JobFailure] = [:]
        var placeByID: [String: Int] = [:]
        for (place, message) in messages.enumerated() {
            do {
                try send(message, session.connection)
                placeByID[message.id] = place
            } catch let failure as JobFailure {
                failures[place] = failure
            }
        }
        try waitForAnswers(session.connection)
        for (id, refusal) in session.errors.take() {
            guard let place = placeByID[id] else { continue }
            let subject = try settings.subject.subject(for: messages[place].job)
            failures[place] = try refusal.failureToStore(subject, session.connection)
        }
        return failures
    }

    /// Closes the connection.
    public func disconnect() async {
        let closed = session.withLock { session in
            defer { session = nil }
            return session
        }
        closed?.connection.close()
        closed?.errors.forget()
    }

    private struct Session: Sendable {
        let errors: PublishErrors
        let connection: NATSConnection
    }
}

// MARK: Its steps

extension NATSPublisher {
    private func send(_ message: OutgoingMessage, _ connection: NATSConnection) throws {
        let headers = try OutgoingHeaders(subject: settings.subject.subject(for: message.job), headers(message))
        var pointer: OpaquePointer?
        // The library takes it over when it is on its way, and leaves nil here.
        defer { natsMsg_Destroy(pointer) }
        do throws(NATSFailure) {
            pointer = try headers.message(message.body)
            try check(js_PublishMsgAsync(connection.jetStream, &pointer, nil))
        } catch {
            if let failure = error.failureToSend(message.body, connection) { throw failure }
            throw connection.isClosed ? connection.loss : error.asBrokerError("publish to \(connection.place)")
        }
    }

    /// Those of the server's own, such as the id of a message that came from another stream, are not passed on.
    private func headers(_ message: OutgoingMessage) -> [(name: String, value: Bytes)] {
        var headers = message.headers.filter { !$0.name.lowercased().hasPrefix("nats-") }
        if let name = settings.keyHeader, let key = message.key {
            headers.removeAll { $0.name == name }
            headers.append((name, key))
        }
        headers.append((Self.idHeader, Bytes(message.id)))
        return headers
    }

    /// In slices, because the library doesn't wake those who wait when the connection is lost.
    private func waitForAnswers(_ connection: NATSConnection) throws {
        var options = jsPubOptions()
        jsPubOptions_Init(&options)
        options.MaxWait = NATSTimes.slice
        for _ in 0..<NATSTimes.request / NATSTimes.slice {
            let status = js_PublishAsyncComplete(connection.jetStream, &options)
            if status == NATS_OK { return }
            if connection.isClosed { throw connection.loss }
            if status != NATS_TIMEOUT { throw NATSFailure(status).asBrokerError("publish to \(connection.place)") }
        }
        let seconds = NATSTimes.request / 1_000
        throw BrokerError(.unreachable, "no answer from the streams at \(connection.place) within \(seconds) s")
    }
}
