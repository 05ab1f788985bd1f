import CNATS
import Foundation
import TestSupport
import Tidemill
import TidemillBroker

@testable import TidemillNATS

/// A server with JetStream, whose streams lie in a folder of its own.
final class JetStreamServer: Sendable {
    let server: LoopbackServer
    private let userInfo: String

    /// One that is not started; `settings` is more of its configuration.
    init(_ settings: String = "", userInfo: String = "") throws {
        server = try LoopbackServer(
            "nats-server",
            ["-a", "127.0.0.1", "-p", "{port}", "-c", "{folder}/server.conf"],
            ready: "Server is ready",
            logsToErrors: true
        )
        self.userInfo = userInfo
        let folder = server.folder.url.path
        let text = "jetstream { store_dir: \"{folder}/store\" }\n\(settings)\n"
        try server.folder.write(text.replacingOccurrences(of: "{folder}", with: folder), to: "server.conf")
    }

    /// One that runs.
    static func start(_ settings: String = "", userInfo: String = "") async throws -> JetStreamServer {
        let server = try JetStreamServer(settings, userInfo: userInfo)
        try await server.server.start()
        return server
    }

    var url: String { "nats://\(userInfo)127.0.0.1:\(server.port)" }
    var endpoint: NATSEndpoint { NATSEndpoint(urls: [url]) }
    var admin: JetStreamAdmin { get throws { try JetStreamAdmin(endpoint) } }

    /// A consumer of the stream S, which has the subjects `s.>`.
    func consumer(_ change: (inout NATSConsumer.Settings) -> Void = { _ in }) -> NATSConsumer {
        let stream = NATSStream("S", creation: NATSStream.Creation(subjects: ["s.>"]))
        var settings = NATSConsumer.Settings(endpoint: endpoint, stream: stream, consumer: "c")
        change(&settings)
        return NATSConsumer(settings)
    }

    /// The same, connected.
    func connectedConsumer(_ change: (inout NATSConsumer.Settings) -> Void = { _ in }) async throws -> NATSConsumer {
        let consumer = consumer(change)
        try await consumer.connect()
        return consumer
    }

    /// A publisher, connected.
    func connectedPublisher(_ subject: String = "s.a") async throws -> NATSPublisher {
        let publisher = NATSPublisher(try NATSPublisher.Settings(endpoint: endpoint, subject: subject))
        try await publisher.connect()
        return publisher
    }
}

/// What tests do at a server beside Tidemill's own work.
struct JetStreamAdmin {
    let connection: NATSConnection

    init(_ endpoint: NATSEndpoint) throws {
        connection = try NATSConnection(endpoint) { $0.PublishAsync.MaxPending = 1_000 }
    }

    func addStream(_ name: String, _ subjects: [String], replicas: Int = 1) throws {
        var creation = NATSStream.Creation(subjects: subjects)
        creation.replicas = replicas
        try NATSStream(name, creation: creation).ensure(on: connection)
    }

    /// Publishes bodies as they are, and waits until the stream has them.
    func publish(_ bodies: some Sequence<String>, to subject: String) throws {
        for body in bodies { try send(body, to: subject) }
        try waitForAnswers()
    }

    /// Publishes a body, without waiting.
    func send(_ body: String, to subject: String) throws {
        try check(js_PublishAsync(connection.jetStream, subject, body, Int32(body.utf8.count), nil))
    }

    /// Waits until the stream has all that was sent.
    func waitForAnswers() throws {
        var options = jsPubOptions()
        jsPubOptions_Init(&options)
        options.MaxWait = 60_000
        try check(js_PublishAsyncComplete(connection.jetStream, &options))
    }

    /// How a consumer stands.
    struct Standing: Equatable {
        /// Messages that it has not delivered yet.
        var undelivered: Int
        /// Deliveries without an answer.
        var unanswered: Int

        /// All that is still to be done.
        var backlog: Int { undelivered + unanswered }
    }

    func standing(_ consumer: String = "c", of stream: String = "S") throws -> Standing {
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        var code = jsErrCode(0)
        let status = js_GetConsumerInfo(&info, connection.jetStream, stream, consumer, nil, &code)
        defer { jsConsumerInfo_Destroy(info) }
        try check(status, code: code)
        guard let info = info?.pointee else { throw NATSFailure(NATS_ERR) }
        return Standing(undelivered: Int(info.NumPending), unanswered: Int(info.NumAckPending))
    }

    /// How many requests for messages wait at the server.
    func waitingRequests(_ consumer: String = "c", of stream: String = "S") throws -> Int {
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        try check(js_GetConsumerInfo(&info, connection.jetStream, stream, consumer, nil, nil))
        defer { jsConsumerInfo_Destroy(info) }
        return Int(info?.pointee.NumWaiting ?? 0)
    }

    /// Has a stream refuse all messages from now on.
    func seal(_ stream: String) throws {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        try check(js_GetStreamInfo(&info, connection.jetStream, stream, nil, nil))
        defer { jsStreamInfo_Destroy(info) }
        info?.pointee.Config?.pointee.Sealed = true
        try check(js_UpdateStream(nil, connection.jetStream, info?.pointee.Config, nil, nil))
    }

    /// How many messages a stream has.
    func count(_ stream: String = "S") throws -> Int {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        try check(js_GetStreamInfo(&info, connection.jetStream, stream, nil, nil))
        defer { jsStreamInfo_Destroy(info) }
        return Int(info?.pointee.State.Msgs ?? 0)
    }
}

extension NATSConsumer {
    /// Receives until there are `count` messages.
    func receiveAll(_ count: Int) async throws -> [BrokerMessage<NATSLease>] {
        var all: [BrokerMessage<NATSLease>] = []
        try await eventually("\(count) messages") {
            all += try await receive(upTo: count - all.count, waiting: .seconds(1))
            return all.count >= count
        }
        return all
    }

    /// Whether nothing comes for a moment.
    func isQuiet(for time: Duration = .milliseconds(300)) async throws -> Bool {
        try await receive(upTo: 10, waiting: time).isEmpty
    }
}

extension OutgoingMessage {
    /// A message for tests.
    init(
        _ body: String,
        id: String,
        key: String? = nil,
        headers: [(name: String, value: Bytes)] = [],
        metadata: Value = .null
    ) {
        let key = key.map { Bytes($0) }
        let job = Job(.string(Bytes(body)), key: key, metadata: metadata)
        self.init(id: id, body: Bytes(body), key: key, headers: headers, job: job)
    }
}
