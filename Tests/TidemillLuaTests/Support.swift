import CValue
import Testing

@testable import TidemillLua

/// A JSON text as one value in the flat encoding.
func flat(_ json: String) throws -> [UInt8] {
    var buffer = tide_buffer()
    defer { tide_buffer_free(&buffer) }
    var problem = tide_json_error()
    let text = Array(json.utf8)
    let read = text.withUnsafeBufferPointer { bytes in
        bytes.baseAddress.map { tide_json_read($0, bytes.count, &buffer, &problem) } ?? false
    }
    guard read else { throw LuaError(problem.reason.map { String(cString: $0) } ?? "empty") }
    return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
}

/// One value in the flat encoding as JSON text.
func json(_ bytes: UnsafeRawBufferPointer) throws -> String {
    var buffer = tide_buffer()
    defer { tide_buffer_free(&buffer) }
    var problem = tide_json_error()
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
        tide_json_write(start, bytes.count, &buffer, &problem)
    else { throw LuaError(problem.reason.map { String(cString: $0) } ?? "empty") }
    return String(decoding: UnsafeBufferPointer(start: buffer.bytes, count: buffer.count), as: UTF8.self)
}

func json(_ bytes: [UInt8]) throws -> String {
    try bytes.withUnsafeBytes { try json($0) }
}

extension LuaStep {
    /// The failure, or an error that says that there was none.
    var failure: LuaError {
        get throws {
            guard case .failed(let error) = self else { throw LuaError("expected a failure, got \(self)") }
            return error
        }
    }

    /// The failure, if there is one.
    var failureOrNil: LuaError? {
        if case .failed(let error) = self { error } else { nil }
    }

    /// The wait, or an error that says that there was none.
    var wait: LuaWait {
        get throws {
            switch self {
            case .waiting(let wait): return wait
            case .failed(let error): throw error
            case .finished: throw LuaError("expected a wait, got an end")
            }
        }
    }

    /// Throws unless the step is finished.
    func done() throws {
        switch self {
        case .finished: return
        case .failed(let error): throw error
        case .waiting(let wait): throw LuaError("waits for \(wait.name)")
        }
    }
}

extension LuaState {
    /// Loads a script's text.
    func load(_ text: String, chunk: String = "scripts/test.lua") throws {
        try load(LuaSource(text, chunk: chunk)).done()
    }

    /// Takes the output and says whether there was any.
    func takesOutput() -> Bool {
        if takeOutput() != nil { true } else { false }
    }

    /// Handles one value given as JSON.
    func handle(_ value: String) throws -> LuaStep {
        try flat(value).withUnsafeBytes { handle(.flat($0)) }
    }

    /// Handles one value and says what came of it, as JSON.
    func results(_ value: String = "null") throws -> [String] {
        try handle(value).done()
        return try texts()
    }

    /// What the last call gave, as JSON.
    func texts() throws -> [String] {
        try outputs.map { output in
            switch output.value {
            case .null: "null"
            case .boolean(let value): "\(value)"
            case .integer(let value): "\(value)"
            case .number(let value): "\(value)"
            case .string(let range): "\"\(String(decoding: outputBytes[range], as: UTF8.self))\""
            case .flat(let range): try json(UnsafeRawBufferPointer(rebasing: outputBytes[range]))
            case .line(let range): String(decoding: outputBytes[range], as: UTF8.self)
            case .object: "an object"
            }
        }
    }

    /// Handles a batch, and says of each value what came of it: its results as JSON, or its reason after a `!`.
    func batch(_ values: [LuaInput]) throws -> [String] {
        var inputs = LuaInputs()
        for value in values { inputs.append(value) }
        var step = handleBatch(inputs)
        while case .waiting = step { step = resume(with: .success(.string("waited"))) }
        try step.done()
        let texts = try texts()
        var all = values.indices.map { texts[inputs.outputs(of: $0)].joined(separator: " ") }
        for (input, error) in failedInputs {
            guard all[input].isEmpty else { throw LuaError("value \(input) has failed and has results") }
            all[input] = "!" + error.message
        }
        return all
    }

    /// The same for the numbers from 1 on.
    func batch(_ count: Int) throws -> [String] { try batch((0..<count).map { .integer(Int64($0 + 1)) }) }

    /// A state with a script whose `handle_batch` is `function(values, ctx) … end`.
    static func batches(
        _ body: String,
        limits: LuaLimits = LuaLimits(),
        ports: [LuaPort] = [LuaPort()],
        context: LuaContext = LuaContext()
    ) throws -> LuaState {
        let state = try LuaState(limits: limits, ports: ports, context: context)
        try state.load("return { handle_batch = function(values, ctx)\n\(body)\nend }")
        return state
    }

    /// A state with a script that is `return function(value, ctx) … end`.
    static func handler(
        _ body: String,
        limits: LuaLimits = LuaLimits(),
        ports: [LuaPort] = [LuaPort()],
        context: LuaContext = LuaContext(),
        modules: [LuaModule] = []
    ) throws -> LuaState {
        let state = try LuaState(limits: limits, ports: ports, context: context, modules: modules)
        try state.load("return function(value, ctx)\n\(body)\nend")
        return state
    }
}

/// Numbers that are the same for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
