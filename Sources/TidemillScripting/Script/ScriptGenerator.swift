import Logging
public import Tidemill
import TidemillLua

/// Makes values with a script, for a source that generates: its `handle` gets the job's index, counted from 0, and
/// `ctx:random(m, n)`, the numbers of which are the same for the same seed and index.
public final class ScriptGenerator {
    private let state: LuaState
    private let random: Random
    private let path: String

    /// Makes a generator of the settings of a node with the fields of ``ComponentSpecification/scriptStage``.
    ///
    /// - Throws: ``ConfigurationError`` for a script that does not compile or defines no handler.
    public static func factory(_ settings: Settings) throws -> @Sendable () throws -> ScriptGenerator {
        let stage = try ScriptStage(settings)
        return { try ScriptGenerator(stage) }
    }

    private init(_ stage: ScriptStage) throws {
        let random = Random()
        state = try LuaState(
            limits: stage.limits,
            context: LuaContext(
                functions: [.values("random") { .integer(try random.integer($0)) }],
                values: ["options": stage.options.flat]
            ),
            modules: [stage.files.module] + stage.modules.map { $0.bound(to: stage, CurrentJob()) },
            objects: .values,
            resolve: stage.file.findModule
        )
        self.random = random
        path = stage.file.path
        try stage.file.load(into: state)
        try check(state.initialize())
    }

    /// The value for an index; `next` gives 64 random bits at a time.
    ///
    /// - Throws: ``ScriptError`` when the script fails, or gives no value or several.
    public func value(at index: Int, random next: @escaping () -> UInt64) throws -> Value {
        random.next = next
        try check(state.handle(.integer(Int64(index))))
        guard state.outputs.count == 1 else {
            throw ScriptError("\(path): the script gives \(state.outputs.count) values for \(index) instead of one")
        }
        let block = Block()
        let value = ScriptOutputs(state, block).value(at: 0)
        state.takeOutput(into: block)
        return value
    }

    private func check(_ step: LuaStep) throws {
        switch step {
        case .finished: return
        case .waiting: throw ScriptError("\(path): a generator can't wait")
        case .failed(let error): throw ScriptError(error.message, traceback: error.traceback)
        }
    }
}

/// The random numbers of the value at hand.
private final class Random {
    var next: () -> UInt64 = { 0 }

    /// Without arguments a number of 63 bits, with one from 1 to it, with two from the first to the second.
    func integer(_ arguments: [Value]) throws -> Int64 {
        let bounds = arguments.compactMap(\.integer)
        guard bounds.count == arguments.count, bounds.count <= 2 else {
            throw ScriptError("random takes up to two integers")
        }
        if bounds.isEmpty { return Int64(next() >> 1) }
        let (low, high) = bounds.count == 1 ? (1, bounds[0]) : (bounds[0], bounds[1])
        guard low <= high else { throw ScriptError("random takes the smaller number first") }
        let width = UInt64(bitPattern: high &- low)
        let offset = width == .max ? next() : next().multipliedFullWidth(by: width + 1).high
        return low &+ Int64(bitPattern: offset)
    }
}
