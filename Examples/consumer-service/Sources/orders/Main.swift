import Foundation
import Tidemill
import TidemillNATS

// The other side of the service, as a small command:
//
//     orders publish < data/orders.jsonl    publishes orders, one JSON object a line
//     orders receipts                       prints the receipts that are there
//     orders failed                         prints the orders that failed, and why

@main
struct Program {
    static let server = NATSEndpoint(ProcessInfo.processInfo.environment["NATS_URL"] ?? "nats://127.0.0.1:4222")

    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "publish": try await publish()
        case "receipts": try await show("RECEIPTS") { $0["text"]?.text }
        case "failed": try await show("FAILED") { $0["error"]?["message"]?.text }
        default:
            print("usage: orders publish | receipts | failed")
            exit(64)
        }
    }

    /// The customer is the message's key, so that the orders of one stay in order.
    static func publish() async throws {
        let orders = NATSStream("ORDERS", creation: .init(subjects: ["orders.>"]))
        let pipeline = try Pipeline(
            name: "publish",
            nodes: [
                .source("lines") { output in
                    while let line = readLine() {
                        let order = try Value(json: Bytes(line))
                        try await output.send(Job(order, key: order["customer"]?.bytes))
                    }
                },
                .sink("orders", NATSSink(server, subject: "orders.new", stream: orders)),
            ]
        )
        try await pipeline.run()
        print("published \(pipeline.snapshot().books[.delivered])")
    }

    /// A consumer of its own remembers what it has shown.
    static func show(_ name: String, _ text: @escaping @Sendable (Value) -> String?) async throws {
        var settings = BrokerSourceSettings()
        settings.stopsWhenEmpty = true
        let stream = NATSStream(name, creation: .init(subjects: ["\(name.lowercased()).>"]))
        try await Pipeline(
            name: "show",
            nodes: [
                .source("in", NATSSource(server, stream: stream, consumer: "reader", settings)),
                .sink("out") { batch in
                    for index in 0..<batch.count { print(text(batch.value(at: index)) ?? "\(batch.value(at: index))") }
                },
            ]
        ).run()
    }
}
