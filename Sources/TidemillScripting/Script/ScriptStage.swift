public import Tidemill
import TidemillLua

/// A stage's script, checked: every worker opens a state of its own from it.
struct ScriptStage: Sendable {
    let file: ScriptFile
    /// What the script finds in `ctx.options`.
    let options: Value
    let limits: LuaLimits
    let files: ReadableFiles
    /// The ports that the script is known to emit to.
    let ports: [String]

    /// Makes a stage of a node's settings, and reports what is wrong with its script at the node's fields.
    init(_ settings: Settings) throws {
        let path = settings.string("script")
        do throws(ScriptFile.FileError) {
            file = try ScriptFile(path: path)
        } catch {
            throw ConfigurationError([settings.issue(at: "script", "\(path): \(error)")])
        }
        limits = LuaLimits(
            memory: settings.size("memory"),
            outputBytes: settings.size("max_output"),
            emissions: settings.integer("max_emit"),
            instructions: settings.optionalInteger("instructions")
        )
        files = try ReadableFiles(settings.optionalObject("capabilities"))
        let facts: ScriptFacts
        do {
            facts = try ScriptFacts(file, limits)
        } catch {
            throw ConfigurationError([settings.issue(at: "script", "\(error)")])
        }
        ports = facts.ports
        guard let declared = facts.options else {
            options = settings.payload(of: "options")
            return
        }
        do {
            options = try settings.decode("options", as: ScriptOptions(declared).fields).payload
        } catch let problem as ScriptOptions.Problem {
            throw ConfigurationError([settings.issue(at: "script", "\(path): \(problem)")])
        }
    }

    /// Makes a stage without a configuration.
    init(file: ScriptFile, options: Value, memory: Int) throws {
        self.file = file
        self.options = options
        limits = LuaLimits(memory: memory)
        files = ReadableFiles([])
        ports = try ScriptFacts(file, limits).ports
    }

    var implementation: StageImplementation {
        StageImplementation(isBlocking: true, ports: ports, script: file.identity) { worker in
            try await ScriptProcessor(self, worker)
        }
    }
}

/// What a script says of itself, learnt by loading it once into a state that is thrown away.
struct ScriptFacts {
    let description: String?
    let version: String?
    let options: Value?
    let ports: [String]

    init(_ file: ScriptFile, _ limits: LuaLimits) throws(ScriptError) {
        let refusal = LuaFunction("read") { _ in throw ScriptError("there is nothing to read while a script loads") }
        let state: LuaState
        do throws(LuaError) {
            state = try LuaState(
                limits: limits,
                modules: [LuaModule("file", functions: [refusal])],
                print: { _ in },
                resolve: file.findModule
            )
        } catch {
            throw ScriptError("\(file.path): \(error)")
        }
        try file.load(into: state)
        let script = state.script
        guard script.functions.contains(.handle) else {
            throw ScriptError("\(file.path): the script returns no function, and no table with a function `handle`")
        }
        description = script.description.flatMap { Value(flat: $0).text }
        version = script.version.flatMap { Value(flat: $0).text }
        options = script.options.map { Value(flat: $0) }
        ports =
            script.ports.map { Value(flat: $0).elements?.compactMap(\.text) ?? [] } ?? ScriptPorts.named(in: file.text)
    }
}

extension ScriptDescription {
    /// What a script's file says of itself, learnt by loading it.
    ///
    /// - Throws: ``ScriptError`` when it can't be read or loaded, or declares options that make no sense.
    public init(script path: String) throws(ScriptError) {
        do {
            let facts = try ScriptFacts(try ScriptFile(path: path), LuaLimits())
            let options = try facts.options.map { try ScriptOptions($0).fields }
            self.init(
                path: path,
                description: facts.description,
                version: facts.version,
                options: options,
                ports: facts.ports
            )
        } catch let error as ScriptError {
            throw error
        } catch {
            throw ScriptError("\(path): \(error)")
        }
    }
}

extension ScriptFile {
    init(path: String, text: [UInt8]) {
        self.path = path
        self.text = text
    }

    /// Loads the script, and stops one that does not come to an end.
    func load(into state: LuaState) throws(ScriptError) {
        let (interrupter, generation) = (state.interrupter, state.generation + 1)
        // The system's clock whatever the pipeline's: loading holds its thread, so a clock that waits for it to become
        // idle would never come to this.
        let watch = Task.detached {
            try await ContinuousClock().sleep(for: Self.loadTimeout)
            interrupter?.interrupt(generation)
        }
        defer { watch.cancel() }
        switch state.load(LuaSource(text, chunk: path)) {
        case .finished: return
        case .waiting: throw ScriptError("\(path): a script can't wait while it is loaded; use `init`")
        case .failed(let error) where error.kind == .interrupted:
            throw ScriptError("\(path): the script did not come to its end within \(Self.loadTimeout)")
        case .failed(let error):
            // What the script raised begins with its path and line; what is wrong with the script as a whole does not.
            let place = error.message.hasPrefix(path + ":") ? "" : path + ": "
            throw ScriptError(place + error.message, traceback: error.traceback)
        }
    }

    func findModule(_ name: String) throws -> LuaSource? {
        switch ModuleFinder(folder: folder).find(name) {
        case .source(let text, let path): return LuaSource(text, chunk: path)
        case .missing(let reason): throw ScriptError(reason)
        }
    }

    private static let loadTimeout = Duration.seconds(5)
}
