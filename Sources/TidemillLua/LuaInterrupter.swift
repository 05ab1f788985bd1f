internal import CLuaHost

/// Stops a state's call from any thread, also one that is in a loop.
///
/// It may outlive the state. Nothing of the script catches a stop: not `pcall`, `xpcall` or a coroutine, nor do their
/// handlers run, nor what the script would do after them. The closing methods of `<close>` variables run, with an error
/// that isn't nil, and so does one that was running already: those of the call itself, of the coroutines that were
/// running, and of a `for` loop's fourth value. They have 10 ms and two million instructions, all of them together;
/// what isn't done by then is cut off. A host function that would have to wait raises an error in them. A coroutine
/// that was suspended stays so, and what it has to close is not closed.
public final class LuaInterrupter: Sendable {
    // The C side is atomic and counts references.
    private nonisolated(unsafe) let raw: OpaquePointer

    init(_ raw: OpaquePointer) {
        self.raw = raw
    }

    deinit { tide_interrupter_release(raw) }

    /// Stops the call of that generation: at its next Lua instruction, or as soon as it starts or goes on.
    ///
    /// Any other call is left alone.
    ///
    /// A call that waits must be continued by its host, with ``LuaState/resumeInterrupted()``. Code in C (a hostile
    /// pattern in `string.find`) is not reached.
    ///
    /// - Returns: Whether the call was running.
    @discardableResult
    public func interrupt(_ generation: UInt64) -> Bool {
        tide_interrupt(raw, generation)
    }

    /// Stops one value of a run: the one with that index, counted from 0 at the run's start.
    ///
    /// It is stopped while it is the value at hand, also when it waits: it then fails when it is resumed. Nothing
    /// happens once the run has gone on to the next value, or before it has come to this one.
    ///
    /// - Returns: Whether the value was running.
    @discardableResult
    public func interrupt(_ generation: UInt64, input: Int) -> Bool {
        input >= 0 && tide_interrupt_input(raw, generation, input)
    }

    /// The value that the state works on, or the last one: the call's generation, the value's index in its run, and
    /// whether it is running (it isn't while it waits).
    ///
    /// Any thread may read it at any time; it may be over by then.
    public var position: (generation: UInt64, input: Int, isRunning: Bool) {
        var generation: UInt64 = 0
        var input = 0
        let isRunning = tide_interrupter_position(raw, &generation, &input)
        return (generation, input, isRunning)
    }

    /// Whether the value at hand was asked to stop: for host functions that take long.
    ///
    /// Any thread may ask.
    public var isAsked: Bool { tide_interrupter_is_asked(raw) }

    /// Stops the call that runs now, and every later one as soon as it starts or goes on: the state is to be given up.
    public func interruptAll() {
        tide_interrupt_all(raw)
    }
}
