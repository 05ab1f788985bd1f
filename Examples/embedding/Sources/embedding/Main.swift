import Logging
import ServiceLifecycle
import Tidemill
import TidemillScripting

// A pipeline inside a Swift program: a source that acknowledges like a message queue's consumer, a stage that is a
// Swift closure, a stage that is a Lua script, and a sink that is a closure. It runs as one service beside others.

/// Stands for a broker's consumer: it gives messages out and hears what became of each.
struct Orders: Source {
    let messages = ["apples 3", "pears 12", "plums", "figs 40"]

    /// A message that is handed back comes again, so a job that fails may be rejected.
    var takesJobsBack: Bool { true }

    func run(_ output: SourceOutput) async throws {
        for message in messages {
            try await output.send(Job(Value(stringLiteral: message))) { outcome in
                print("\(message): \(outcome.isSettled ? "acknowledged" : "given back") (\(outcome.name))")
            }
        }
    }
}

@main
struct Program {
    static func main() async throws {
        let pipeline = try Pipeline(
            name: "orders",
            nodes: [
                .source("orders", Orders()),
                .stage("split", StageSettings(workers: 2)) { value in
                    let words = (value.text ?? "").split(separator: " ")
                    guard words.count == 2, let amount = Int64(words[1]) else {
                        throw JobFailure(.input, "not an order: \(value)")
                    }
                    return ["fruit": .string(Bytes(words[0])), "amount": .integer(amount)]
                },
                try .script(
                    "price",
                    source: """
                        local prices = { apples = 20, pears = 35, figs = 15 }
                        return function(order)
                          order.total = order.amount * prices[order.fruit]
                          if order.total < 100 then return end
                          return order
                        end
                        """
                ),
                .sink("out") { batch in
                    for index in 0..<batch.count { print(batch.value(at: index)) }
                },
            ]
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: pipeline, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "orders")
            )
        )
        try await group.run()
        print("books balance: \(pipeline.snapshot().books.balance)")
    }
}
