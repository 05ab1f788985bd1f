import Tidemill
import TidemillConnectors
import TidemillScripting

extension SourceComponent {
    /// The source `generate` as the command has it: with a template, as the connectors make it, or with a Lua script.
    static let generate: SourceComponent = {
        let template = GenerateSource.component.specification.fields.map { field in
            var field = field
            field.isRequired = false
            return field
        }
        let script = ComponentSpecification.scriptStage.fields.map { field in
            var field = field
            field.isRequired = false
            return field
        }
        return SourceComponent(
            "generate",
            "Makes jobs up, from a template or with a Lua script; the same seed gives the same jobs for ever.",
            fields: template + script
        ) { settings in
            switch (settings.has("template"), settings.has("script")) {
            case (true, false): return try GenerateSource.component.make(settings)
            case (false, true): return try scripted(settings)
            default: throw ConfigurationError([settings.issue("it needs either a \"template\" or a \"script\"")])
            }
        }
    }()

    private static func scripted(_ settings: Settings) throws -> GenerateSource {
        let make = try ScriptGenerator.factory(settings)
        return GenerateSource(
            count: settings.optionalInteger("count"),
            rate: settings.optionalNumber("rate"),
            seed: UInt64(bitPattern: Int64(settings.integer("seed"))),
            makeGenerator: { Generator(script: try make()) }
        )
    }

    private struct Generator: ValueGenerator {
        let script: ScriptGenerator

        func value(at index: Int, _ random: inout GeneratorRandom) async throws -> Value {
            var numbers = random
            defer { random = numbers }
            return try script.value(at: index) { numbers.next() }
        }
    }
}
