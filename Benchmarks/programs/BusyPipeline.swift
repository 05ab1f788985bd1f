import Logging
import Tidemill
import TidemillScripting

/// A pipeline whose jobs never end by themselves, one for each worker, and what it tells of them.
final class BusyPipeline: Sendable {
    enum Event: Sendable {
        case started(Int, ContinuousClock.Instant)
        case settled(Int, ContinuousClock.Instant)
    }

    enum Loops: String {
        /// Whoever has a thread keeps it.
        case endless
        /// Work and short waits by turns, so that every worker gets to its job.
        case shared
    }

    let pipeline: Pipeline
    let events: AsyncStream<Event>
    /// The contexts of the jobs, by number.
    let contexts: [MessageContext]
    private let sender: AsyncStream<Event>.Continuation

    init(workers: Int, _ loops: Loops = .endless, timeout: Duration? = nil) throws {
        let (events, sender) = AsyncStream<Event>.makeStream()
        let contexts = (0..<workers).map { _ in MessageContext() }
        let source = PipelineNode.source("numbers") { output in
            for (number, context) in contexts.enumerated() {
                try await output.send(Job(.integer(Int64(number))), context: context) { _ in
                    sender.yield(.settled(number, .now))
                }
            }
        }
        var settings = StageSettings(workers: workers)
        settings.timeout = timeout
        var stage = try PipelineNode.script(
            "busy",
            source: Self.script,
            settings,
            options: ["loops": .string(Bytes(loops.rawValue))]
        )
        stage.onError = .drop
        stage.channel = ChannelLimits(capacity: workers)
        let options = PipelineOptions(logger: Logger(label: "busy") { _ in StartLog(sender: sender) })
        pipeline = try Pipeline(name: "busy", nodes: [source, stage, .sink("none") { _ in }], options: options)
        self.events = events
        self.sender = sender
        self.contexts = contexts
    }

    /// Runs it to its end, which is also that of its events.
    func run() async throws {
        defer { sender.finish() }
        try await pipeline.run()
        let lost = pipeline.snapshot().nodes.map(\.givenUp).reduce(0, +)
        if lost > 0 { throw BenchmarkError(message: "\(lost) workers were given up") }
    }

    private static let script = """
        local endless = {
          function() while true do end end,
          function() while true do pcall(function() while true do end end) end end,
          function() coroutine.wrap(function() while true do end end)() end,
          function()
            local text = ("x"):rep(1000)
            while true do text = text:upper():lower():reverse():gsub("z", "x") end
          end,
        }
        local function shared(ctx)
          while true do
            for _ = 1, 10000 do end
            ctx:sleep(0.001)
          end
        end
        return function(number, ctx)
          ctx.log.info(tostring(number))
          if ctx.options.loops == "shared" then shared(ctx) end
          endless[number % #endless + 1]()
        end
        """
}

/// Hears from the script which job it has begun.
private struct StartLog: LogHandler {
    let sender: AsyncStream<BusyPipeline.Event>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if let number = Int("\(event.message)") { sender.yield(.started(number, .now)) }
    }
}
