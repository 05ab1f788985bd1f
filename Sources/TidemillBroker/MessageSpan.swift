import Tidemill
import Tracing

/// A message's part of a trace: from when it was received until all jobs made of it have ended.
///
/// The trace is carried by the message's headers, as its instrumentation writes them (`traceparent` of W3C, for one).
/// The job takes on the headers of this span, and a ``BrokerSink`` behind passes them on, so the trace goes through
/// scripts that know nothing of it; without a tracer the headers go through as they are.
struct MessageSpan: Sendable {
    private let span: any Span

    /// The span of a message that a source received; sets what its headers say of the trace.
    init<Lease>(_ message: inout BrokerMessage<Lease>, name: String, tracer: any Tracer) {
        var parent = ServiceContext.topLevel
        tracer.extract(message.headers, into: &parent, using: HeaderExtractor())
        span = tracer.startAnySpan(name, context: parent, ofKind: .consumer)
        if span.isRecording {
            span.attributes["messaging.message.id"] = message.id
            span.attributes["messaging.message.delivery_attempt"] = message.deliveries
        }
        tracer.inject(span.context, into: &message.headers, using: HeaderInjector())
    }

    func failed(_ failure: JobFailure, in node: String) {
        span.recordError(failure, attributes: ["tidemill.node": .string(node)])
    }

    func end(_ outcome: Outcome) {
        if span.isRecording {
            span.attributes["tidemill.outcome"] = outcome.name
            if !outcome.isSettled || outcome == .deadLettered { span.setStatus(SpanStatus(code: .error)) }
        }
        span.end()
    }
}

private struct HeaderExtractor: Extractor {
    func extract(key: String, from headers: [(name: String, value: Bytes)]) -> String? {
        headers.first { $0.name.caseInsensitivelyEquals(key) }.map { String($0.value) }
    }
}

private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout [(name: String, value: Bytes)]) {
        headers.removeAll { $0.name.caseInsensitivelyEquals(key) }
        headers.append((key, Bytes(value)))
    }
}

extension String {
    fileprivate func caseInsensitivelyEquals(_ other: String) -> Bool {
        utf8.count == other.utf8.count && lowercased() == other.lowercased()
    }
}
