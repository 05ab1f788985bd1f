internal import CLuaHost
internal import CValue

/// One Lua state with one script: sandboxed, limited and interruptible.
///
/// It runs one call at a time, on any thread but only one at a time.
///
/// A call is a step that finishes, fails or waits; a waiting one goes on with ``resume(with:)``. A state
/// that is ``isBroken`` refuses further calls: close it and make another one.
public final class LuaState {
    private(set) var raw: OpaquePointer?
    let report: UnsafePointer<tide_report>
    let host: LuaHost

    /// Creates a state with its ports, the host's functions and modules; the script comes with ``load(_:)``.
    ///
    /// - Parameters:
    ///   - limits: What the script may use.
    ///   - ports: The ways out; what a script returns leaves by the first.
    ///   - context: What scripts find in `ctx` beside `emit`.
    ///   - modules: What `require` gives beside `json`.
    ///   - objects: How the host's objects are counted; without it no value may refer to one.
    ///   - print: Gets each line of the global `print`, which is absent without it.
    ///   - resolve: Gives the source of a script's own module, or nil; without it `require` finds the host's only.
    /// - Throws: A ``LuaError`` of kind memory or, for a definition that can't be made, runtime.
    public convenience init(
        limits: LuaLimits = LuaLimits(),
        ports: [LuaPort] = [LuaPort()],
        context: LuaContext = LuaContext(),
        modules: [LuaModule] = [],
        objects: LuaObjects? = nil,
        collector: LuaCollector = .generational,
        print: ((String) -> Void)? = nil,
        resolve: ((String) throws -> LuaSource?)? = nil
    ) throws(LuaError) {
        try self.init(
            limits: limits,
            ports: ports,
            context: context,
            modules: modules,
            objects: objects,
            collector: collector,
            print: print,
            resolve: resolve,
            failing: nil
        )
    }

    /// The same, with allocations that fail from the start, for tests.
    init(
        limits: LuaLimits = LuaLimits(),
        ports: [LuaPort],
        context: LuaContext,
        modules: [LuaModule],
        objects: LuaObjects? = nil,
        collector: LuaCollector = .generational,
        print: ((String) -> Void)? = nil,
        resolve: ((String) throws -> LuaSource?)?,
        failing: ClosedRange<Int64>?
    ) throws(LuaError) {
        let host = LuaHost()
        var settings = tide_settings(
            memory_limit: max(0, limits.memory),
            output_limit: max(0, limits.outputBytes),
            emission_limit: max(0, limits.emissions),
            instruction_limit: limits.instructions.map { Int64(max(1, $0)) } ?? 0,
            host: callHost,
            context: Unmanaged.passUnretained(host).toOpaque(),
            objects: objects?.functions ?? tide_object_functions(),
            resolver: resolve.map { host.add(Self.resolver($0)) } ?? -1,
            incremental: collector == .incremental,
            fail_at: failing?.lowerBound ?? 0,
            fail_count: failing.map { $0.upperBound - $0.lowerBound + 1 } ?? 0
        )
        guard let raw = tide_state_new(&settings) else {
            throw LuaError("not enough memory for a Lua state", kind: .memory)
        }
        self.host = host
        self.raw = raw
        report = tide_state_report(raw)
        try define(ports, context, modules)
        if let print {
            let function = LuaFunction("print") { call in
                print(try call.string(0))
                return .nothing
            }
            try define(TIDE_PRINT, function)
        }
    }

    deinit { close() }

    /// Frees everything, on the calling thread; the script's `close` is not run.
    ///
    /// A waiting call is interrupted.
    public func close() {
        guard let raw else { return }
        self.raw = nil
        tide_state_close(raw)
    }

    private static func resolver(_ resolve: @escaping (String) throws -> LuaSource?) -> LuaFunction {
        LuaFunction("require") { call in
            guard let source = try resolve(try call.string(0)) else { return .nothing }
            var encoded = tide_buffer()
            defer { tide_buffer_free(&encoded) }
            LuaReply.bytes(source.text).write(to: &encoded)
            LuaReply.string(source.chunk).write(to: &encoded)
            guard !encoded.failed else { throw LuaError("not enough memory", kind: .memory) }
            return .flat(Array(UnsafeBufferPointer(start: encoded.bytes, count: encoded.count)))
        }
    }
}
