import CLuaHost
public import TidemillValue

/// One Lua state with one script: it handles one value at a time, for one thread at a time.
///
/// Everything that may raise happens behind the C wall; this is the owner that opens, calls and closes. A call that
/// waits gives its thread back and goes on, perhaps on another, with ``resume(_:)``.
public final class LuaState {
    /// How a call stands.
    public enum Step: Sendable {
        /// It has ended; ``outputs`` are what it gave.
        case finished
        /// It waits; somebody has to run this and then ``LuaState/resume(_:)``.
        case waiting(@Sendable () async throws -> [Value])
        /// It has failed, and what it gave before is gone.
        case failed(LuaError)
    }

    /// What a script may define.
    public enum Entry: Sendable {
        /// Called once, first.
        case `init`
        /// Called for each value.
        case handle
        /// Called for a list of values.
        case handleBatch
        /// Called once, last.
        case close
    }

    private let state: OpaquePointer
    private let report: UnsafePointer<tide_report>
    private let host: LuaHost
    /// Stops calls of the state from any thread.
    public let interrupter: LuaInterrupter

    /// Opens a state in which a script finds this environment.
    ///
    /// - Throws: ``LuaError`` when memory is out.
    public init(limits: LuaLimits = LuaLimits(), environment: LuaEnvironment = LuaEnvironment()) throws(LuaError) {
        let host = LuaHost()
        let resolver = host.add { arguments in
            let found = try environment.findModule(arguments.first?.text ?? "")
            return .values([.string(Bytes(found.source)), .string(Bytes(found.chunk))])
        }
        var settings = tide_settings(
            memory_limit: limits.memory, output_limit: limits.outputBytes, emission_limit: limits.outputs,
            host: answerScript, context: Unmanaged.passUnretained(host).toOpaque(), resolver: resolver,
            incremental: false, fail_at: 0, fail_count: 0)
        guard let state = tide_state_new(&settings) else { throw LuaError(.memory, "no memory for a Lua state") }
        self.state = state
        self.host = host
        report = tide_state_report(state)
        interrupter = LuaInterrupter(tide_interrupter_retain(state))
        try define(environment)
    }

    deinit { tide_state_close(state) }

    private func define(_ environment: LuaEnvironment) throws(LuaError) {
        for port in environment.ports {
            let format = port.writesJSONLines ? TIDE_FORMAT_JSON_LINE : TIDE_FORMAT_FLAT
            guard tide_state_add_port(state, port.name, port.name.utf8.count, format) else { throw LuaError(report) }
        }
        for (name, value) in environment.constants { try define(TIDE_CONTEXT_VALUE, name, value: value) }
        for function in environment.functions {
            try define(TIDE_CONTEXT_FUNCTION, function.name, function: host.add(function.body))
        }
        for (name, make) in environment.lazyFields {
            try define(TIDE_CONTEXT_LAZY, name, function: host.add { _ in .values([try make()]) })
        }
        for module in environment.modules {
            for function in module.functions {
                try define(TIDE_MODULE_FUNCTION, function.name, module: module.name, function: host.add(function.body))
            }
        }
        if let print = environment.print {
            let function = host.add { arguments in
                print(arguments.first?.text ?? "")
                return .nothing
            }
            try define(TIDE_PRINT, "print", function: function)
        }
    }

    private func define(
        _ place: tide_place, _ name: String, module: String? = nil, function: Int32 = -1, value: Value? = nil
    ) throws(LuaError) {
        var encoded = ByteWriter()
        if let value { encoded.append(flat: value) }
        let done = encoded.withUnsafeBytes { bytes in
            tide_state_define(
                state, place, module, name, function, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        }
        if !done { throw LuaError(report) }
    }

    // MARK: Calls

    /// Compiles a script, text only, and runs it once; `chunk` is what messages call it.
    public func load(_ source: [UInt8], chunk: String) -> Step {
        step(source.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { none in
                guard let start = bytes.baseAddress ?? UnsafePointer(none.baseAddress) else { return TIDE_STEP_FAILED }
                return tide_load(state, start, bytes.count, chunk)
            }
        })
    }

    /// Whether the script defines an entry.
    public func defines(_ entry: Entry) -> Bool { tide_has(state, entry.call) }

    /// What the script's table holds under `description`, `version`, `options` or `ports`.
    public func info(_ field: String) -> Value? {
        var count = 0
        guard let bytes = tide_info(state, field, &count) else { return nil }
        return Value.sequence(UnsafeRawBufferPointer(start: bytes, count: count), count: 1).first
    }

    /// Calls `init` or `close`; a script without it has finished at once.
    public func run(_ entry: Entry) -> Step { step(tide_run(state, entry.call)) }

    /// Calls `handle` with a value.
    public func handle(_ value: borrowing Value) -> Step {
        switch copy value {
        case .null: handle(TIDE_NULL)
        case .bool(let flag): handle(flag ? TIDE_TRUE : TIDE_FALSE)
        case .integer(let number): handle(TIDE_INTEGER, integer: number)
        case .number(let number): handle(TIDE_NUMBER, number: number)
        case .string(let bytes): handle(TIDE_STRING, bytes)
        case .record(let record): handle(record.isText ? TIDE_JSON : Int(record.tag), record.encoding)
        }
    }

    /// Goes on with a call that waited: with results, or with an error.
    public func resume(_ result: Result<[Value], any Error>) -> Step {
        var writer = ByteWriter()
        switch result {
        case .success(let values):
            for value in values { writer.append(flat: value) }
            return step(writer.withUnsafeBytes { tide_resume(state, TIDE_HOST_RETURN, $0.bytes, $0.count) })
        case .failure(let error):
            writer.append(String(describing: error))
            return step(writer.withUnsafeBytes { tide_resume(state, TIDE_HOST_ERROR, $0.bytes, $0.count) })
        }
    }

    /// Goes on with a call that waited as one that was interrupted: its `<close>` variables run, and it fails.
    public func resumeInterrupted() -> Step { step(tide_resume_interrupted(state)) }

    private func handle(_ tag: Int, integer: Int64 = 0, number: Double = 0) -> Step {
        var input = tide_input(tag: Int32(tag), integer: integer, number: number, bytes: nil, count: 0)
        return step(tide_handle(state, &input))
    }

    private func handle(_ tag: Int, _ bytes: Bytes) -> Step {
        step(bytes.withUnsafeBytes { bytes in
            var input = tide_input(tag: Int32(tag), integer: 0, number: 0, bytes: bytes.bytes, count: bytes.count)
            return tide_handle(state, &input)
        })
    }

    private func step(_ step: tide_step) -> Step {
        switch step {
        case TIDE_STEP_FINISHED: return .finished
        case TIDE_STEP_WAITING:
            guard let operation = host.operation else { return .failed(LuaError(.misuse, "nothing to wait for")) }
            host.operation = nil
            return .waiting(operation)
        default: return .failed(LuaError(report))
        }
    }

    // MARK: Results

    /// What the last call gave, until the next one.
    public var outputs: LuaOutputs { LuaOutputs(report: report) }

    /// Whether the state can't be used any more, so that its owner must open another.
    public var isBroken: Bool { report.pointee.broken }

    /// The number of the call in flight, or of the last one: what an interrupter names.
    public var generation: UInt64 { report.pointee.generation }

    /// Hands all bytes that outputs refer to over to a block, which has none yet.
    public func takeOutputs(into block: Block) {
        var (count, capacity) = (0, 0)
        let bytes = tide_state_take_output(state, &count, &capacity)
        block.adopt(bytes, count: count)
    }

    /// The bytes that the state's objects take now.
    public var memory: Int { tide_state_memory(state) }
}

/// What a call gave: values that lie in the state's output until ``LuaState/takeOutputs(into:)``.
public struct LuaOutputs {
    let report: UnsafePointer<tide_report>

    /// How many there are.
    public var count: Int { report.pointee.output_count }

    /// Whether the first value goes where the script's results go, with nothing to say about it.
    public var isPlain: Bool {
        guard let output = report.pointee.outputs?[0] else { return false }
        return output.port == 0 && output.key_offset < 0 && output.metadata_offset < 0
    }

    /// The port that the value goes to.
    public func port(_ index: Int) -> Int { report.pointee.outputs.map { Int($0[index].port) } ?? 0 }

    /// The value, as a slice of the block that will take the output over.
    public func value(_ index: Int, in block: Block) -> Value {
        guard let output = report.pointee.outputs?[index] else { return .null }
        switch Int(output.tag) {
        case TIDE_FALSE: return .bool(false)
        case TIDE_TRUE: return .bool(true)
        case TIDE_INTEGER: return .integer(output.integer)
        case TIDE_NUMBER: return .number(output.number)
        case TIDE_STRING: return .string(Bytes(block, start: output.offset, count: output.count))
        case TIDE_ARRAY, TIDE_TABLE: return .record(Record(flat: Bytes(block, start: output.offset, count: output.count)))
        case TIDE_JSON: return .record(Record(text: Bytes(block, start: output.offset, count: output.count)))
        default: return .null
        }
    }

    /// The key that the script gave the value, if any.
    public func key(_ index: Int, in block: Block) -> Bytes? {
        guard let output = report.pointee.outputs?[index], output.key_offset >= 0 else { return nil }
        return Bytes(block, start: output.key_offset, count: output.key_count)
    }

    /// The metadata that the script gave the value, if any.
    public func metadata(_ index: Int, in block: Block) -> Value? {
        guard let output = report.pointee.outputs?[index], output.metadata_offset >= 0 else { return nil }
        return .record(Record(flat: Bytes(block, start: output.metadata_offset, count: output.metadata_count)))
    }
}

extension LuaState.Entry {
    var call: tide_call {
        switch self {
        case .`init`: TIDE_CALL_INIT
        case .handle: TIDE_CALL_HANDLE
        case .handleBatch: TIDE_CALL_HANDLE_BATCH
        case .close: TIDE_CALL_CLOSE
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var bytes: UnsafePointer<UInt8>? { bindMemory(to: UInt8.self).baseAddress }
}
