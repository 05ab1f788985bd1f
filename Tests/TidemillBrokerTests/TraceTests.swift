import InMemoryTracing
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting
import Tracing

/// A trace goes through a pipeline in the headers of its messages.
@Suite(.timeLimit(.minutes(5))) struct TraceTests {
    @Test func aMessagesSpanIsBetweenItsSendersAndItsReceivers() async throws {
        let tracer = InMemoryTracer()
        let (incoming, outgoing) = (MemoryBroker(), MemoryBroker())
        incoming.publish("1", headers: [("Other", "x")] + carried(traceID: "trace", spanID: "sender"))
        _ = try await run(incoming, outgoing, tracer)
        let span = try #require(tracer.finishedSpans.first)
        #expect(span.operationName == "in process" && span.traceID == "trace" && span.parentSpanID == "sender")
        #expect(span.attributes["tidemill.outcome"]?.toSpanAttribute() == .string("delivered"))
        let headers = Dictionary(
            uniqueKeysWithValues: outgoing.published[0].headers.map { ($0.name, String($0.value)) }
        )
        #expect(headers == ["Other": "x", InMemoryTracer.traceIDKey: "trace", InMemoryTracer.spanIDKey: span.spanID])
    }

    @Test func aFailureIsPartOfTheTrace() async throws {
        let tracer = InMemoryTracer()
        let incoming = MemoryBroker()
        incoming.publish("{")
        _ = try await run(incoming, MemoryBroker(), tracer)
        let span = try #require(tracer.finishedSpans.first)
        #expect(span.status?.code == .error)
        #expect(span.errors.first?.attributes["tidemill.node"]?.toSpanAttribute() == .string("in"))
    }

    @Test func withoutATracerHeadersGoThroughAsTheyAre() async throws {
        let (incoming, outgoing) = (MemoryBroker(), MemoryBroker())
        incoming.publish("1", headers: [("traceparent", "00-1-2-01")])
        _ = try await run(incoming, outgoing, nil)
        #expect(outgoing.published[0].headers.map(\.name) == ["traceparent"])
    }

    private func carried(traceID: String, spanID: String) -> [(name: String, value: Bytes)] {
        [(InMemoryTracer.traceIDKey, Bytes(traceID)), (InMemoryTracer.spanIDKey, Bytes(spanID))]
    }

    private func run(
        _ incoming: MemoryBroker,
        _ outgoing: MemoryBroker,
        _ tracer: InMemoryTracer?
    ) async throws -> PipelineReport {
        var settings = BrokerSourceSettings()
        settings.tracer = tracer
        let source = PipelineNode.source("in", BrokerSource(MemoryConsumer(broker: incoming), settings))
        let sink = PipelineNode.sink("out", BrokerSink(MemoryPublisher(broker: outgoing)))
        return try await runPipeline([source, sink], deadLetters: CollectingSink()) { pipeline in
            try await eventually("the message is settled") { incoming.count == 0 }
            pipeline.drain()
        }
    }
}
