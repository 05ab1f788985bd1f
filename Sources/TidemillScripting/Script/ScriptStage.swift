public import Tidemill
import TidemillLua

/// A stage's script, checked: every worker opens a state of its own from it.
struct ScriptStage: Sendable {
    let file: ScriptFile
    /// What the script finds in `ctx.options`.
    let options: Value
    let limits: LuaLimits
    let files: ReadableFiles
    /// What the script finds by `require` beside its own.
    let modules: [ScriptModule]
    /// The ports that the script is known to emit to.
    let ports: [String]
    /// Whether it is given batches of jobs.
    let takesBatches: Bool

    /// Makes a stage of a node's settings, and reports what is wrong with its script at the node's fields.
    init(_ settings: Settings, _ libraries: [ScriptLibrary] = []) throws {
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
        modules = try [.blob] + libraries.map { try $0.make(settings) }
        let facts: ScriptFacts
        do {
            facts = try ScriptFacts(file, limits, modules)
        } catch {
            throw ConfigurationError([settings.issue(at: "script", "\(error)")])
        }
        ports = facts.ports
        takesBatches = settings.isGiven("batch")
        if let problem = HandlerMismatch(facts, takesBatches: takesBatches) {
            let field = takesBatches ? "batch" : "script"
            throw ConfigurationError([settings.issue(at: field, "\(path): \(problem.reason)", hint: problem.hint)])
        }
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
    init(file: ScriptFile, options: Value, memory: Int, modules: [ScriptModule], takesBatches: Bool) throws {
        self.file = file
        self.options = options
        limits = LuaLimits(memory: memory)
        files = ReadableFiles([])
        self.modules = [.blob] + modules
        let facts = try ScriptFacts(file, limits, self.modules)
        ports = facts.ports
        self.takesBatches = takesBatches
        if let problem = HandlerMismatch(facts, takesBatches: takesBatches) {
            throw ScriptError("\(file.path): \(problem.reason)")
        }
    }

    var implementation: StageImplementation {
        StageImplementation(
            isBlocking: true,
            ports: ports,
            script: file.identity,
            takesBatches: takesBatches
        ) { worker in
            let script = try await WorkerScript(self, worker)
            return takesBatches ? BatchProcessor(ScriptBatches(script), watch: worker.watch) : ScriptProcessor(script)
        }
    }
}

/// A script that lacks the function which its stage would call.
struct HandlerMismatch {
    let reason: String
    let hint: String

    init?(_ facts: ScriptFacts, takesBatches: Bool) {
        switch takesBatches {
        case true where !facts.functions.contains(.handleBatch):
            reason = "the stage has \"batch\", and the script defines no `handle_batch` to give a batch to"
            hint = "define handle_batch(values, ctx), or leave \"batch\" out"
        case false where !facts.functions.contains(.handle):
            reason = "the script defines `handle_batch` and no `handle`, and the stage has no \"batch\""
            hint = "add \"batch\": {\"count\": …}, or define handle(value, ctx)"
        default: return nil
        }
    }
}

/// What a script says of itself, learnt by loading it once into a state that is thrown away.
struct ScriptFacts {
    let description: String?
    let version: String?
    let options: Value?
    let ports: [String]
    let functions: LuaScript.Functions

    /// - Parameter modules: those that the script may `require`; while it loads, their functions only refuse.
    init(_ file: ScriptFile, _ limits: LuaLimits, _ modules: [ScriptModule]) throws(ScriptError) {
        let early = { (name: String) in
            LuaFunction(name) { _ in throw ScriptError("\(name) can't be called while a script loads; use `init`") }
        }
        let state: LuaState
        do throws(LuaError) {
            state = try LuaState(
                limits: limits,
                modules: [LuaModule("file", functions: [early("read")])]
                    + modules.map { LuaModule($0.name, functions: $0.functions.map { early($0.name) }) },
                print: { _ in },
                resolve: file.findModule
            )
        } catch {
            throw ScriptError("\(file.path): \(error)")
        }
        try file.load(into: state)
        let script = state.script
        functions = script.functions
        description = script.description.flatMap { Value(flat: $0).text }
        version = script.version.flatMap { Value(flat: $0).text }
        options = script.options.map { Value(flat: $0) }
        ports =
            script.ports.map { Value(flat: $0).elements?.compactMap(\.text) ?? [] } ?? ScriptPorts.named(in: file.text)
    }
}

extension ScriptFacts {
    /// The functions for jobs that it defines.
    var handlers: [String] {
        (functions.contains(.handle) ? ["handle"] : []) + (functions.contains(.handleBatch) ? ["handle_batch"] : [])
    }
}

extension ScriptDescription {
    /// What a script's file says of itself, learnt by loading it where these libraries are offered.
    ///
    /// - Throws: ``ScriptError`` when it can't be read or loaded, or declares options that make no sense.
    public init(script path: String, _ libraries: [ScriptLibrary] = []) throws(ScriptError) {
        do {
            let modules = [.blob] + libraries.map(\.standard)
            let facts = try ScriptFacts(try ScriptFile(path: path), LuaLimits(), modules)
            let options = try facts.options.map { try ScriptOptions($0).fields }
            self.init(
                path: path,
                description: facts.description,
                version: facts.version,
                options: options,
                ports: facts.ports,
                handlers: facts.handlers
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
