internal import CLuaHost
internal import CValue

extension LuaState {
    /// Compiles and runs a script, which returns a table of functions or one function.
    ///
    /// Text only, once a state.
    public func load(_ source: LuaSource) -> LuaStep {
        guard let raw else { return .failed(.closed) }
        return source.text.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else {
                return .failed(LuaError("a script must return a table or a function", kind: .runtime))
            }
            return step(tide_load(raw, start, text.count, source.chunk))
        }
    }

    /// Runs the `init` of the script, if it has one.
    public func initialize() -> LuaStep {
        raw.map { step(tide_run($0, TIDE_CALL_INIT)) } ?? .failed(.closed)
    }

    /// Runs the script's `close`, if it has one.
    ///
    /// The state lives on.
    public func finalize() -> LuaStep {
        raw.map { step(tide_run($0, TIDE_CALL_CLOSE)) } ?? .failed(.closed)
    }

    /// Runs the script's `handle` on one value.
    public func handle(_ input: LuaInput) -> LuaStep {
        guard let raw else { return .failed(.closed) }
        return withUnsafePointer(to: input.raw) { step(tide_handle(raw, $0)) }
    }

    /// Runs the script's `handle` on one value after the other, which costs less than as many calls.
    ///
    /// A value that fails ends the run: those before it are done, those behind it were not begun. ``finishedInputs``
    /// says how many are done, and ``LuaInputs/outputs(of:)`` which outputs each of them gave. Everything that the inputs point to must
    /// stay where it is until the run is over, waits included.
    public func handle(_ inputs: borrowing LuaInputs) -> LuaStep {
        guard let raw else { return .failed(.closed) }
        return step(tide_handle_run(raw, inputs.start, inputs.count, inputs.ends))
    }

    /// Runs the script's `handle_batch` once for all the values.
    ///
    /// When it has finished, ``LuaInputs/outputs(of:)`` says which outputs each of them gave, and ``failedInputs`` which
    /// of them failed alone. A failure of the call itself is one of all its values. It is stopped as a whole; for
    /// ``LuaInterrupter`` it is at its value 0 until it's over. Everything that the inputs point to must stay where it
    /// is until then, waits included.
    public func handleBatch(_ inputs: borrowing LuaInputs) -> LuaStep {
        guard let raw else { return .failed(.closed) }
        return step(tide_handle_batch(raw, inputs.start, inputs.count, inputs.ends))
    }

    /// Goes on with a waiting call: its host function returns the values or raises the error.
    public func resume(with result: Result<LuaReply, any Error>) -> LuaStep {
        guard let raw else { return .failed(.closed) }
        var encoded = tide_buffer()
        defer { tide_buffer_free(&encoded) }
        var answer = TIDE_HOST_RETURN
        switch result {
        case .success(.wait):
            answer = TIDE_HOST_ERROR
            LuaReply.write(LuaError("a wait was answered with another wait"), to: &encoded)
        case .success(let reply):
            host.hold(reply)
            reply.write(to: &encoded)
        case .failure(let error):
            answer = TIDE_HOST_ERROR
            LuaReply.write(error, to: &encoded)
        }
        return step(tide_resume(raw, answer, encoded.bytes, encoded.count))
    }

    /// Goes on with a waiting call as interrupted.
    public func resumeInterrupted() -> LuaStep {
        raw.map { step(tide_resume_interrupted($0)) } ?? .failed(.closed)
    }

    private func step(_ step: tide_step) -> LuaStep {
        host.letGo()
        if step == TIDE_STEP_FINISHED {
            return .finished
        }
        if step == TIDE_STEP_WAITING, let wait = host.takeWait() {
            return .waiting(LuaWait(name: wait.name, operation: wait.operation))
        }
        // One that was stopped as it began to wait has left its operation behind.
        _ = host.takeWait()
        return .failed(LuaError(report.pointee))
    }
}

extension LuaError {
    static let closed = LuaError("the Lua state is closed", kind: .misuse)
}
