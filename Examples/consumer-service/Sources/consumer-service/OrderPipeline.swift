import Logging
import Tidemill
import TidemillNATS
import TidemillScripting

/// The pipeline from orders to receipts, and where it finds what it needs.
struct OrderPipeline {
    /// Stages whose work waits for somebody else, as for a database of prices, want more workers than there are cores.
    static let workers = 4

    let server: NATSEndpoint
    let scripts: String

    /// Reads `NATS_URL`, `NATS_CREDENTIALS` (a file, read anew for each connection) and `SCRIPTS` (a folder).
    init(_ environment: [String: String]) {
        var server = NATSEndpoint(environment["NATS_URL"] ?? "nats://127.0.0.1:4222")
        if let file = environment["NATS_CREDENTIALS"] { server.credentials = .file(file) }
        server.name = "consumer-service"
        self.server = server
        scripts = environment["SCRIPTS"] ?? "scripts"
    }

    func pipeline(_ logger: Logger) throws -> Pipeline {
        // The receipts of one customer come in the order of the orders, however many workers there are.
        let settings = StageSettings(workers: Self.workers, dispatch: .key, order: .key)
        return try Pipeline(
            name: "orders",
            nodes: [
                .source("orders", NATSSource(server, stream: .orders, consumer: "receipts", taking)),
                .script("check", path: "\(scripts)/check.lua", settings),
                .stage("price", of: Order.self, settings) { order, _ in try PricedOrder(order, .standard) },
                .script("receipt", path: "\(scripts)/receipt.lua", settings),
                .sink("receipts", NATSSink(server, subject: "receipts.new", stream: .receipts, giving)),
            ],
            deadLetters: NATSSink(server, subject: "failed.orders", stream: .failed, giving),
            options: PipelineOptions(logger: logger, shutdownTimeout: .seconds(20))
        )
    }

    private var taking: BrokerSourceSettings {
        var settings = BrokerSourceSettings()
        // An order that kills its consumer is not to do so for ever.
        settings.maxDeliveries = 5
        return settings
    }

    /// An order that comes twice has the same id, so that the stream takes its receipt once (within its duplicate
    /// window).
    private var giving: BrokerSinkSettings {
        get throws {
            var settings = BrokerSinkSettings()
            settings.id = try JobTemplate("{id}", purpose: "the id of what comes of an order")
            return settings
        }
    }
}

extension NATSStream {
    static let orders = NATSStream("ORDERS", creation: .init(subjects: ["orders.>"]))
    static let receipts = NATSStream("RECEIPTS", creation: .init(subjects: ["receipts.>"]))
    static let failed = NATSStream("FAILED", creation: .init(subjects: ["failed.>"]))
}
