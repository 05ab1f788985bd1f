public import Tidemill

extension Components {
    /// Adds the stage that runs a Lua script, and what scripts find there by `require` beside `json`, `file` and `blob`.
    public mutating func addScripting(_ libraries: [ScriptLibrary] = []) {
        var specification = ComponentSpecification.scriptStage
        specification.fields += libraries.flatMap(\.fields)
        add(StageComponent(specification) { try ScriptStage($0, libraries).implementation })
    }
}

extension PipelineNode {
    /// A stage that runs a Lua script, given as text: its `handle`, or its `handle_batch` where the settings have a
    /// ``StageSettings/batch``.
    ///
    /// - Parameters:
    ///   - name: the node's name, which is also what the script is called in messages.
    ///   - source: the script; it returns a function or a table of functions.
    ///   - options: what the script finds in `ctx.options`.
    ///   - memory: how many bytes the script's objects may take in each worker.
    ///   - modules: what it finds by `require` beside `json` and `blob`.
    /// - Throws: ``ScriptError`` when it does not compile, or does not define the handler that is called.
    public static func script(
        _ name: String,
        source: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        options: Value = [:],
        memory: Int = 64 << 20,
        modules: [ScriptModule] = []
    ) throws -> PipelineNode {
        let file = ScriptFile(path: name, text: Array(source.utf8))
        return try script(name, file, inputs, settings, options, memory, modules)
    }

    /// A stage that runs the Lua script of a file, which is read here, once; relative paths start from the working folder.
    ///
    /// It is as ``script(_:source:inputs:_:options:memory:modules:)``, and finds by `require` what lies beside the file, too.
    ///
    /// - Throws: ``ScriptError`` when it can't be read, does not compile, or does not define the handler that is called.
    public static func script(
        _ name: String,
        path: String,
        inputs: [String]? = nil,
        _ settings: StageSettings = StageSettings(),
        options: Value = [:],
        memory: Int = 64 << 20,
        modules: [ScriptModule] = []
    ) throws -> PipelineNode {
        let file: ScriptFile
        do throws(ScriptFile.FileError) {
            file = try ScriptFile(path: path)
        } catch {
            throw ScriptError("\(path): \(error)")
        }
        return try script(name, file, inputs, settings, options, memory, modules)
    }

    private static func script(
        _ name: String,
        _ file: ScriptFile,
        _ inputs: [String]?,
        _ settings: StageSettings,
        _ options: Value,
        _ memory: Int,
        _ modules: [ScriptModule]
    ) throws -> PipelineNode {
        let stage = try ScriptStage(
            file: file,
            options: options,
            memory: memory,
            modules: modules,
            takesBatches: settings.batch != nil
        )
        var settings = settings
        settings.ownThreads = true
        var node = PipelineNode.stage(name, inputs: inputs, settings, processor: stage.implementation.factory)
        node.script = file.identity
        return node
    }
}

/// What is wrong with a script.
public struct ScriptError: Error, Sendable, CustomStringConvertible {
    /// The script, the place in it, and what is wrong there.
    public let description: String
    /// Where it was, line by line, if it ran.
    public let traceback: String?

    init(_ description: String, traceback: String? = nil) {
        self.description = description
        self.traceback = traceback
    }
}
