internal import CLuaHost

extension LuaState {
    /// What the last call gave.
    ///
    /// Valid until the next call.
    public var outputs: LuaOutputs {
        raw == nil
            ? LuaOutputs(base: nil, count: 0)
            : LuaOutputs(base: report.pointee.outputs, count: report.pointee.output_count)
    }

    /// How many values of the run or batch at hand, or of the last one, are done.
    public var finishedInputs: Int { raw == nil ? 0 : report.pointee.input_count }

    /// The values of the last batch that failed alone, by their index in it; they have no outputs.
    public var failedInputs: [(input: Int, error: LuaError)] {
        guard raw != nil, report.pointee.failed_input_count > 0, let first = report.pointee.failed_inputs else {
            return []
        }
        let failed = UnsafeBufferPointer(start: first, count: report.pointee.failed_input_count)
        return failed.map { (Int($0.input), LuaError($0, reasons: report.pointee.reasons)) }
    }

    /// The bytes that the ranges of ``outputs`` are in: of all calls since ``takeOutput()``.
    ///
    /// Valid until the next call.
    public var outputBytes: UnsafeRawBufferPointer {
        raw == nil
            ? UnsafeRawBufferPointer(start: nil, count: 0)
            : UnsafeRawBufferPointer(start: report.pointee.bytes, count: report.pointee.byte_count)
    }

    /// The addresses of the objects that the outputs refer to, which the state holds until the next call or
    /// ``takeOutput()``.
    public func objects(_ range: Range<Int>) -> UnsafeBufferPointer<UnsafeRawPointer?> {
        guard raw != nil, !range.isEmpty, let start = report.pointee.objects else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: start + range.lowerBound, count: range.count)
    }

    /// Takes the output buffer over, without a copy; nil when it's empty or a call is in flight.
    public func takeOutput() -> LuaOutputBuffer? {
        var count = 0
        var capacity = 0
        guard let raw, let bytes = tide_state_take_output(raw, &count, &capacity) else { return nil }
        return LuaOutputBuffer(bytes, count: count)
    }

    /// Whether the state is not to be used again.
    public var isBroken: Bool { raw == nil || report.pointee.broken }

    /// The bytes that the script's objects take.
    public var memory: Int { raw.map { tide_state_memory($0) } ?? 0 }

    /// The number of the call in flight or the last one.
    public var generation: UInt64 { raw == nil ? 0 : report.pointee.generation }

    /// What can stop this state's calls from other threads; nil once it's closed.
    public var interrupter: LuaInterrupter? {
        raw.map { LuaInterrupter(tide_interrupter_retain($0)) }
    }

    /// What the loaded script is.
    public var script: LuaScript {
        var functions: LuaScript.Functions = []
        guard let raw else { return LuaScript(functions: [], description: nil, version: nil, options: nil, ports: nil) }
        if tide_has(raw, TIDE_CALL_INIT) { functions.insert(.initialize) }
        if tide_has(raw, TIDE_CALL_HANDLE) { functions.insert(.handle) }
        if tide_has(raw, TIDE_CALL_HANDLE_BATCH) { functions.insert(.handleBatch) }
        if tide_has(raw, TIDE_CALL_CLOSE) { functions.insert(.close) }
        return LuaScript(
            functions: functions,
            description: info("description"),
            version: info("version"),
            options: info("options"),
            ports: info("ports")
        )
    }

    private func info(_ field: String) -> [UInt8]? {
        var count = 0
        guard let raw, let bytes = tide_info(raw, field, &count) else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// How many allocations were asked for.
    ///
    /// For tests.
    var allocations: Int64 { raw.map { tide_state_allocations($0) } ?? 0 }
}
