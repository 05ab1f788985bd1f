import Logging
import Tidemill
import TidemillLua

/// `ctx.log`: a script's lines go to the pipeline's log, a bounded number of them each second.
final class ScriptLog {
    private let worker: WorkerContext
    private var second: Int64 = 0
    private var lines = 0
    private static let most = 200

    init(_ worker: WorkerContext) { self.worker = worker }

    var functions: [LuaFunction] {
        [("debug", Logger.Level.debug), ("info", .info), ("warn", .warning), ("error", .error)].map { name, level in
            .values("log." + name) { [self] arguments in
                guard let message = arguments.first else { throw ScriptError("log.\(name) takes a message") }
                write(level, message.text ?? message.description, arguments.count > 1 ? arguments[1] : .null)
                return nil
            }
        }
    }

    func write(_ level: Logger.Level, _ message: String, _ fields: Value) {
        guard level >= worker.stageLogger.logLevel, admits(worker.clock.now) else { return }
        var metadata: Logger.Metadata = [:]
        for (key, value) in fields.fields ?? [] { metadata[key] = "\(value.text ?? value.description)" }
        worker.logger.log(level: level, "\(message)", metadata: metadata)
    }

    private func admits(_ now: Duration) -> Bool {
        if now.components.seconds != second {
            if lines > Self.most {
                worker.logger.warning("a script logs too much", metadata: ["lines_left_out": "\(lines - Self.most)"])
            }
            (second, lines) = (now.components.seconds, 0)
        }
        lines += 1
        return lines <= Self.most
    }
}
