internal import CLuaHost

/// Stops a state's call from any thread, also one that is in a loop.
///
/// It may outlive the state.
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

    /// Stops the call that runs now, and every later one as soon as it starts or goes on: the state is to be given up.
    public func interruptAll() {
        tide_interrupt_all(raw)
    }
}
