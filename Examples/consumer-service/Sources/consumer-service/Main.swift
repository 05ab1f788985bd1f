import Foundation
import Logging
import ServiceLifecycle
import Tidemill

// Consumes orders from NATS JetStream, checks them in Lua, prices them in Swift, writes receipts in Lua, and publishes
// those. Signals belong to the service group: the pipeline installs no handlers.

@main
struct Program {
    static func main() async {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        let logger = Logger(label: "consumer-service")
        do {
            let environment = ProcessInfo.processInfo.environment
            let pipeline = try OrderPipeline(environment).pipeline(logger)
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        // Services are shut down from the last to the first: the log goes on while the pipeline drains.
                        .init(service: StatusLog(pipeline: pipeline, logger: logger)),
                        .init(service: pipeline, successTerminationBehavior: .gracefullyShutdownGroup),
                    ],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: logger
                )
            )
            try await group.run()
            let books = pipeline.snapshot().books
            logger.notice("stopped", metadata: ["orders": "\(books.taken)", "books_balance": "\(books.balance)"])
        } catch {
            logger.critical("the service failed", metadata: ["error": "\(error)"])
            exit(1)
        }
    }
}
