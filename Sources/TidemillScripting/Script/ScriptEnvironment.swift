import Logging
import Tidemill
import TidemillLua

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension LuaState {
    /// Opens a state in which a worker's script finds its `ctx` and its modules.
    convenience init(_ stage: ScriptStage, _ worker: WorkerContext, _ current: CurrentJob) throws(LuaError) {
        try self.init(limits: stage.limits, environment: .make(stage, worker, current))
    }
}

/// The job at hand, for what a script asks about it.
final class CurrentJob {
    private(set) var ticket = Ticket(source: 0, sequence: 0)
    private(set) var details: JobDetails?

    func begin(_ delivery: borrowing Delivery) {
        ticket = delivery.ticket
        details = delivery.job.details
    }
}

extension LuaEnvironment {
    fileprivate static func make(_ stage: ScriptStage, _ worker: WorkerContext, _ current: CurrentJob) -> LuaEnvironment
    {
        let log = ScriptLog(worker)
        var environment = LuaEnvironment()
        environment.ports = zip(worker.ports, worker.rendersJSONLines).map { LuaPort($0, writesJSONLines: $1) }
        environment.constants = [
            ("options", stage.options), ("stage", .string(Bytes(worker.stage))),
            ("worker", .integer(Int64(worker.worker))), ("attempt", 1),
        ]
        environment.lazyFields = [("job", { job(worker, current) })]
        environment.functions = waiting(worker) + log.functions + ScriptMetrics(worker).functions
        environment.modules = [stage.files.module]
        environment.findModule = stage.file.findModule
        environment.print = { log.write(.info, $0, [:]) }
        return environment
    }

    private static func job(_ worker: WorkerContext, _ current: CurrentJob) -> Value {
        let age = worker.clock.now - worker.received(current.ticket)
        let received = worker.clock.date.timeIntervalSince1970 - Double(age.nanoseconds) / 1e9
        return [
            "id": .string(Bytes(worker.jobID(current.ticket))),
            "key": current.details?.key.map { .string($0) } ?? .null,
            "metadata": current.details?.metadata ?? .null,
            "received_at": .number(received),
        ]
    }

    private static func waiting(_ worker: WorkerContext) -> [LuaFunction] {
        let clock = worker.clock
        return [
            LuaFunction("cancelled") { _ in .values([.bool(Task.isCancelled)]) },
            // Jobs have no deadline yet, so there is nothing that could run out.
            LuaFunction("remaining") { _ in .values([]) },
            LuaFunction("sleep") { arguments in
                guard let seconds = arguments.first?.number, seconds >= 0, seconds < 1e9 else {
                    return .failure("sleep takes a number of seconds")
                }
                return .wait {
                    try await clock.sleep(for: .seconds(seconds))
                    return []
                }
            },
        ]
    }
}

extension ReadableFiles {
    /// `require "file"`.
    var module: LuaModule {
        LuaModule(
            "file",
            [
                LuaFunction("read") { arguments in
                    guard let path = arguments.first?.text else { return .failure("file.read takes a path") }
                    return .values([.string(Bytes(try read(path)))])
                }
            ]
        )
    }
}
