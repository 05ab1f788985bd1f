import CNATS
import TidemillBroker

/// A connection to a server, and the context of JetStream on it.
///
/// `@unchecked Sendable`: the library's objects have locks of their own, and the pointers never change.
final class NATSConnection: @unchecked Sendable {
    let pointer: OpaquePointer
    let jetStream: OpaquePointer
    /// Where it leads, for messages.
    let place: String

    /// Connects; `prepare` sets what the context of JetStream needs beside.
    ///
    /// - Throws: ``BrokerError``.
    init(_ endpoint: NATSEndpoint, _ prepare: (inout jsOptions) -> Void = { _ in }) throws {
        place = endpoint.description
        do {
            pointer = try endpoint.withOptions { options in
                var connection: OpaquePointer?
                try check(natsConnection_Connect(&connection, options))
                guard let connection else { throw NATSFailure(NATS_NO_MEMORY) }
                return connection
            }
        } catch let failure as NATSFailure {
            throw failure.asBrokerError("connect to \(place)")
        }
        do throws(NATSFailure) {
            var options = jsOptions()
            try check(jsOptions_Init(&options))
            options.Wait = NATSTimes.request
            prepare(&options)
            var context: OpaquePointer?
            try check(natsConnection_JetStream(&context, pointer, &options))
            guard let context else { throw NATSFailure(NATS_NO_MEMORY) }
            jetStream = context
        } catch {
            natsConnection_Destroy(pointer)
            throw error.asBrokerError("use JetStream at \(place)")
        }
    }

    deinit {
        jsCtx_Destroy(jetStream)
        natsConnection_Destroy(pointer)
    }

    /// Whether it is lost or was closed: it never comes back.
    var isClosed: Bool { natsConnection_IsClosed(pointer) }

    /// What to throw when it is lost.
    var loss: BrokerError {
        var text: UnsafePointer<CChar>?
        _ = natsConnection_GetLastError(pointer, &text)
        let reason = text.map { String(cString: $0) } ?? ""
        return BrokerError(.unreachable, "the connection to \(place) is lost" + (reason.isEmpty ? "" : ": \(reason)"))
    }

    /// Makes calls of the library; what they throw is a ``BrokerError``.
    func calling<Result>(_ doing: String, _ body: () throws(NATSFailure) -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw isClosed ? loss : error.asBrokerError(doing)
        }
    }

    /// Closes it at once; calls under way return with an error.
    func close() { natsConnection_Close(pointer) }
}
