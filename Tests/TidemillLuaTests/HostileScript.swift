@testable import TidemillLua

/// A script that means harm, or looks like it, and what comes of it.
struct HostileScript: Sendable, CustomStringConvertible {
    /// What comes of it, every time.
    enum Outcome: Sendable {
        /// It fails, and the message has this part.
        case fails(LuaError.Kind, String)
        /// It gives one value, as JSON.
        case gives(String)
        /// It runs until another thread stops it.
        case runsUntilInterrupted
        /// Nothing in this process ends it: a host gives the state and its thread up, so it isn't run here.
        case runsUntilAbandoned
    }

    let body: String
    let outcome: Outcome

    var description: String { body }

    init(_ body: String, _ outcome: Outcome) {
        self.body = body
        self.outcome = outcome
    }

    /// What all of them may use.
    static let limits = LuaLimits(memory: 8 << 20, outputBytes: 1 << 20, emissions: 1000)

    static let all = memory + recursion + errors + coroutines + metatables + values + sandbox + endless
}
