import Tidemill
import TidemillScripting

/// The modules that scripts find by `require`, with their functions, as text or as a page of the documentation.
struct ModuleList: CustomStringConvertible {
    private let modules: [ScriptModule]
    private let format: List.Format

    init(_ modules: [ScriptModule], _ format: List.Format) {
        self.modules = [.blob] + modules
        self.format = format
    }

    var description: String {
        switch format {
        case .text: modules.map(text).joined(separator: "\n")
        case .json: ConfigurationValue(.array(modules.map(value))).prettyJSON
        case .markdown: page
        }
    }

    private func text(_ module: ScriptModule) -> String {
        lines(of: module).map { $0.usage.padded(to: 40) + "  " + $0.function.summary }.joined(separator: "\n") + "\n"
    }

    private func value(_ module: ScriptModule) -> Value {
        let functions = lines(of: module).map { line -> Value in
            [
                "name": .string(Bytes(line.function.name)), "usage": .string(Bytes(line.usage)),
                "summary": .string(Bytes(line.function.summary)),
                "parameters": .array(line.function.parameters.map(value)),
            ]
        }
        return ["module": .string(Bytes(module.name)), "functions": .array(functions)]
    }

    private func value(_ parameter: ScriptParameter) -> Value {
        [
            "name": .string(Bytes(parameter.name)), "type": .string(Bytes(parameter.type)),
            "required": .bool(parameter.isRequired), "help": .string(Bytes(parameter.help)),
            "default": parameter.standard.flatMap { try? Value(json: $0) } ?? .null,
        ]
    }

    private var page: String {
        var page = "# Modules\n\nWhat scripts find by `require` beside `json` and `file`.\n\n"
        page += "## Overview\n\n"
        page += "This page is written by `tidemill list --modules --format markdown`. Arguments come in their order,\n"
        page += "or by name in a table at the end.\n"
        for module in modules {
            page += "\n## \(module.name)\n"
            for line in lines(of: module) {
                page += "\n### `\(line.usage)`\n\n\(line.function.summary)\n"
                page += table(line.function.parameters)
            }
        }
        return page
    }

    private func table(_ parameters: [ScriptParameter]) -> String {
        if parameters.isEmpty { return "" }
        let rows = parameters.map { parameter in
            let standard = parameter.isRequired ? "required" : parameter.standard.map { "`\($0)`" } ?? ""
            return "| `\(parameter.name)` | \(parameter.type) | \(standard) | \(parameter.help) |\n"
        }
        return "\n| argument | what it is | default | meaning |\n|---|---|---|---|\n" + rows.joined()
    }

    /// Each function once, as it is called: as a method where it can be.
    private func lines(of module: ScriptModule) -> [(usage: String, function: ScriptFunction)] {
        let methods = Set(module.methods.map(\.name))
        let object = module.name == "image" ? "img" : module.name
        let only = module.functions.filter { !methods.contains($0.name) }.map { ("\(module.name).", $0) }
        return (only + module.methods.map { ("\(object):", $0) }).map { prefix, function in
            (prefix + function.name + "(" + arguments(function.parameters) + ")", function)
        }
    }

    private func arguments(_ parameters: [ScriptParameter]) -> String {
        let required = parameters.filter(\.isRequired).map(\.name)
        return (required + (required.count < parameters.count ? ["…"] : [])).joined(separator: ", ")
    }
}
