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
        let log = ScriptLog(worker)
        try self.init(
            limits: stage.limits,
            ports: zip(worker.ports, worker.rendersJSONLines).map { LuaPort($0, format: $1 ? .jsonLine : .flat) },
            context: .make(stage, worker, current, log),
            modules: [stage.files.module] + stage.modules.map { $0.bound(to: stage, current) },
            objects: .values,
            print: { log.write(.info, $0, .null) },
            resolve: stage.file.findModule
        )
    }
}

/// The job at hand, for what a script asks about it: of a run, the first that is not done.
final class CurrentJob {
    private var batch: Batch<Delivery>?
    private weak var state: LuaState?
    private var whole: Batch<Delivery>?
    /// Stops the calls of the state that is in use.
    var interrupter: LuaInterrupter?

    func begin(_ batch: Batch<Delivery>, _ state: LuaState) {
        self.batch = batch
        self.state = state
    }

    /// All jobs of a batch are at hand, until ``end()``.
    func begin(whole: Batch<Delivery>) { self.whole = whole }

    func end() { whole = nil }

    var isBatch: Bool { whole != nil }

    /// The jobs of the batch at hand; nil where jobs are handled one by one.
    var deliveries: [Delivery]? { whole.map { Array($0.elements) } }

    /// How long the job or the batch at hand has left.
    func remaining(_ worker: WorkerContext) -> Duration? {
        if let deliveries { return worker.remaining(deliveries) }
        return delivery.flatMap { worker.remaining($0.ticket, $0.job.details) }
    }

    var delivery: Delivery? {
        guard let batch, let state, state.finishedInputs < batch.count else { return nil }
        return batch[state.finishedInputs]
    }
}

extension LuaContext {
    fileprivate static func make(
        _ stage: ScriptStage,
        _ worker: WorkerContext,
        _ current: CurrentJob,
        _ log: ScriptLog
    ) -> LuaContext {
        LuaContext(
            functions: waiting(worker, current) + log.functions + ScriptMetrics(worker).functions,
            values: [
                "options": stage.options.flat, "stage": Value.string(Bytes(worker.stage)).flat,
                "worker": Value.integer(Int64(worker.worker)).flat,
            ],
            lazy: [
                .values("job") { _ in job(worker, current) },
                .values("attempt") { _ in current.isBatch ? nil : attempt(current.delivery) },
                .values("jobs") { _ in jobs(worker, current) },
            ]
        )
    }

    private static func job(_ worker: WorkerContext, _ current: CurrentJob) -> Value? {
        guard let delivery = current.delivery else { return current.isBatch ? nil : .null }
        return .table(fields(of: delivery, worker))
    }

    private static func jobs(_ worker: WorkerContext, _ current: CurrentJob) -> Value? {
        guard let deliveries = current.deliveries else { return nil }
        return .array(deliveries.map { .table(fields(of: $0, worker) + [("attempt", attempt($0))]) })
    }

    private static func attempt(_ delivery: Delivery?) -> Value {
        .integer(Int64((delivery?.attempts.count ?? 0) + 1))
    }

    private static func fields(of delivery: Delivery, _ worker: WorkerContext) -> [(key: String, value: Value)] {
        let age = worker.clock.now - worker.received(delivery.ticket)
        let received = worker.clock.date.timeIntervalSince1970 - Double(age.nanoseconds) / 1e9
        let metadata = delivery.job.metadata
        var fields: [(key: String, value: Value)] = [
            ("id", .string(Bytes(worker.jobID(delivery.ticket)))), ("received_at", .number(received)),
            // A script looks into it without asking whether there is any; null would count as true.
            ("metadata", metadata == .null ? [:] : metadata),
        ]
        if let key = delivery.job.key { fields.append(("key", .string(key))) }
        return fields
    }

    private static func waiting(_ worker: WorkerContext, _ current: CurrentJob) -> [LuaFunction] {
        let clock = worker.clock
        return [
            LuaFunction("cancelled") { _ in .boolean(Task.isCancelled) },
            LuaFunction("remaining") { _ in
                current.remaining(worker).map { .number($0 / .seconds(1)) } ?? .nothing
            },
            LuaFunction("sleep") { call in
                let seconds = try call.number(0)
                guard seconds >= 0, seconds < 1e9 else { throw ScriptError("sleep takes a number of seconds") }
                return .wait {
                    try await clock.sleep(for: .seconds(seconds))
                    return .nothing
                }
            },
        ]
    }
}

extension ReadableFiles {
    /// `require "file"`.
    var module: LuaModule {
        LuaModule("file", functions: [LuaFunction("read") { call in .bytes(try read(try call.string(0))) }])
    }
}
