import Logging
import ServiceLifecycle
import Tidemill

/// Says once in a while how the pipeline is doing: a service beside it, as an HTTP server with a health check would be.
struct StatusLog: Service {
    let pipeline: Pipeline
    let logger: Logger
    var interval = Duration.seconds(10)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: interval)
                let books = pipeline.snapshot().books
                logger.info(
                    "status",
                    metadata: [
                        "taken": "\(books.taken)", "delivered": "\(books[.delivered])", "open": "\(books.open)",
                        "dead_lettered": "\(books[.deadLettered])",
                    ]
                )
            }
        }
    }
}
