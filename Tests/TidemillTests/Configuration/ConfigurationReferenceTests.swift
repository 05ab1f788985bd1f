import Testing
import Tidemill

@Suite struct ConfigurationReferenceTests {
    private let schema = JSONSchema.document(ConfigurationFixture.registry)

    @Test func theSchemaHasTheFieldsOfTheSpecifications() throws {
        #expect(schema["properties"]?.keys == PipelineConfiguration.fields.map(\.name))
        #expect(schema["additionalProperties"] == false)
        for component in ConfigurationFixture.registry.components {
            let definition = try #require(schema["$defs"]?["\(component.kind.rawValue).\(component.type)"])
            let names = (NodeFields.common(component.kind) + component.fields).map(\.name)
            #expect(definition["properties"]?.keys == names)
            #expect(definition["properties"]?["type"]?["const"] == .string(component.type))
            #expect(definition["additionalProperties"] == false)
        }
        #expect(schema["$defs"]?["dead_letters.file"]?["properties"]?.keys == ["type", "path"])
        #expect(schema["$defs"]?["stage.script"]?["required"]?.json == #"["name","script"]"#)
        #expect(schema["$defs"]?["stage.upper"]?["required"]?.json == #"["name","type"]"#)
    }

    @Test func everyReferenceInTheSchemaLeadsSomewhere() {
        let names = Set(schema["$defs"]?.keys.map { "#/$defs/\($0)" } ?? [])
        #expect(references(schema).isSubset(of: names))
        #expect(references(schema).count == names.count)
    }

    private func references(_ value: ConfigurationValue) -> Set<String> {
        switch value {
        case .array(let elements): elements.map(references).reduce(into: []) { $0.formUnion($1) }
        case .object(let members):
            members.reduce(into: []) { found, member in
                if member.key == "$ref", let text = member.value.text { found.insert(text) }
                found.formUnion(references(member.value))
            }
        default: []
        }
    }

    @Test func everyDefaultIsValid() throws {
        for component in ConfigurationFixture.registry.components {
            let fields = (NodeFields.common(component.kind) + component.fields).map { field in
                var optional = field
                optional.isRequired = false
                return optional
            }
            _ = try Settings([:], as: fields)
        }
    }

    @Test func listsComponents() {
        let text = ConfigurationFixture.registry.listText
        #expect(
            text.contains("source file: Reads files.\n    path      path | list of path, required: What to read.\n")
        )
        #expect(text.contains("    max_line  size, default \"1MiB\": The longest line.\n"))
        let first = ConfigurationFixture.registry.listJSON.elements.first
        #expect(first?["type"] == "file")
        #expect(first?["fields"]?.elements.first?["required"] == true)
    }

    @Test func writesAReferencePage() {
        let page = ConfigurationFixture.registry.referenceMarkdown
        #expect(page.contains("### Source `file`\n\nReads files.\n\n| field |"))
        #expect(page.contains(#"| `format` | "lines" \| "json_lines" | `"lines"` | The format. |"#))
        #expect(page.contains("| `channel.capacity` | integer 0…1048576 | `1024` |"))
    }
}
