import ArgumentParser
import Tidemill
import TidemillScripting

struct Validate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a configuration and everything it names, without running it.",
        discussion: "Prints every problem as file:line:column: /json/pointer: what is wrong (hint). Status 78 if any.",
        aliases: ["lint"]
    )

    @OptionGroup var file: ConfigurationOption

    func run() async throws {
        let configuration = try file.load()
        _ = try file.build(configuration, PipelineOptions())
        let nodes = configuration.sources.count + configuration.stages.count + configuration.sinks.count
        print("\(file.config): ok (\(nodes) nodes)")
    }
}

struct Graph: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case mermaid
        case dot
    }

    static let configuration = CommandConfiguration(abstract: "Draws a pipeline.")

    @OptionGroup var file: ConfigurationOption

    @Option(help: "The form of the drawing.")
    var format = Format.text

    func run() async throws {
        let graph = try file.load().graph
        switch format {
        case .text: print(graph.text)
        case .mermaid: print(graph.mermaid)
        case .dot: print(graph.dot)
        }
    }
}

struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the JSON Schema of configurations, for editors and checks."
    )

    @OptionGroup var scripts: ScriptArguments

    func run() async throws {
        print(JSONSchema.document(Components.standard.registry, scripts: try scripts.load()).prettyJSON)
    }
}

struct List: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case markdown
    }

    static let configuration = CommandConfiguration(
        abstract: "Lists the components that a configuration may name, with their fields."
    )

    @OptionGroup var scripts: ScriptArguments

    @Flag(help: "List the modules that scripts find by require, with their functions.")
    var modules = false

    @Option(help: "The form of the list; markdown is the reference page.")
    var format = Format.text

    func run() async throws {
        if modules { return print(ModuleList(Components.libraries.map(\.standard), format)) }
        let registry = Components.standard.registry
        let scripts = try scripts.load()
        switch format {
        case .text where !scripts.isEmpty: print(scripts.map(\.listText).joined())
        case .text: print(registry.listText)
        case .json where !scripts.isEmpty: print(ConfigurationValue.array(scripts.map(\.listJSON)).prettyJSON)
        case .json: print(registry.listJSON.prettyJSON)
        case .markdown: print(registry.referenceMarkdown)
        }
    }
}

/// Scripts, named on the command line.
struct ScriptArguments: ParsableArguments {
    @Argument(help: "Scripts, which describe themselves and their options.")
    var scripts: [String] = []

    func load() throws -> [ScriptDescription] {
        do {
            return try scripts.map { try ScriptDescription(script: $0, Components.libraries) }
        } catch let error as ScriptError {
            complain(error.description)
            throw ExitCode.configuration
        }
    }
}
