import CLuaHost

/// Stops a state's call from any thread, at no cost to calls that are not stopped. It may outlive the state.
public final class LuaInterrupter: Sendable {
    // `nonisolated(unsafe)`: the C object is made for use from any thread and counts its references itself.
    private nonisolated(unsafe) let interrupter: OpaquePointer

    init(_ interrupter: OpaquePointer) { self.interrupter = interrupter }

    deinit { tide_interrupter_release(interrupter) }

    /// Stops the call with that number, at its next instruction or when it is resumed; no other call is touched.
    public func interrupt(_ generation: UInt64) {
        _ = tide_interrupt(interrupter, generation)
    }
}
