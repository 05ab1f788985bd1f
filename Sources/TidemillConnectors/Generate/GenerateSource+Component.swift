public import Tidemill

extension GenerateSource {
    /// The source `generate` of configurations.
    public static let component = SourceComponent(
        "generate",
        "Makes jobs up, from a template; the same seed gives the same jobs for ever.",
        fields: paceFields + [
            FieldSpecification(
                "template",
                .any,
                "A text, or a JSON value with texts in it, whose placeholders are filled in: `{{index}}`, "
                    + "`{{integer:1:6}}`, `{{number:0:1}}`, `{{choice:a=80|b=20}}`, `{{ip}}`, `{{ip:500}}` (one of 500, "
                    + "some much more often), `{{word}}`, `{{uuid}}`, `{{hex:8}}`, `{{time:ncsa}}`, `{{@list}}`, "
                    + "`{{zipf:list}}`.",
                required: true,
                examples: ["{{ip:500}} {{word}}", ["id": "{{index}}", "user": "{{uuid}}"]]
            ),
            FieldSpecification(
                "values",
                .map(of: .union([.list(of: .string(), count: 1...1_000_000), .map(of: .integer(in: 1...1 << 32))])),
                "The lists that placeholders name: a list of templates, or an object of templates and their weights.",
                default: [:],
                examples: [["paths": ["/", "/about"], "status": ["200": 95, "404": 5]]]
            ),
            FieldSpecification(
                "start",
                .string(allowsEmpty: false),
                "The moment that `{{time}}` gives for the first job, in UTC.",
                default: "2024-01-01T00:00:00Z",
                examples: ["2024-06-01"]
            ),
            FieldSpecification(
                "per_second",
                .number(in: 1e-6...1e9),
                "How many jobs `{{time}}` lays in one second.",
                default: 1
            ),
        ]
    ) { settings in
        GenerateSource(
            count: settings.optionalInteger("count"),
            rate: settings.optionalNumber("rate"),
            seed: UInt64(bitPattern: Int64(settings.integer("seed"))),
            template: try template(settings)
        )
    }

    /// The fields `count`, `rate` and `seed`, for other sources that generate.
    public static let paceFields = [
        FieldSpecification("count", .integer(in: 0 ... .max), "How many jobs; by default there is no end."),
        FieldSpecification(
            "rate",
            .number(in: 1e-6...1e9),
            "How many jobs a second at most; by default as many as there is room for."
        ),
        FieldSpecification("seed", .integer(), "Another seed gives other jobs.", default: 0),
    ]

    private static func template(_ settings: Settings) throws -> GeneratorTemplate {
        guard let start = CivilTime.secondsSince1970(iso8601: settings.string("start")) else {
            let issue = settings.issue(at: "start", "no moment in UTC", hint: "2024-01-01T00:00:00Z")
            throw ConfigurationError([issue])
        }
        do {
            return try GeneratorTemplate(
                settings.payload(of: "template"),
                lists: lists(settings.any("values")),
                times: GeneratorTemplate.Times(start: start, perSecond: settings.number("per_second"))
            )
        } catch {
            throw ConfigurationError([settings.issue(at: "template", error.description)])
        }
    }

    private static func lists(_ values: ConfigurationValue) -> [String: GeneratorTemplate.List] {
        guard case .object(let members) = values else { return [:] }
        let lists = members.map { member -> (String, GeneratorTemplate.List) in
            guard case .object(let weights) = member.value else {
                return (member.key, GeneratorTemplate.List(member.value.elements.compactMap(\.text)))
            }
            let weighted = weights.map { weight -> (String, Int) in
                if case .integer(let number) = weight.value { (weight.key, number) } else { (weight.key, 1) }
            }
            return (member.key, GeneratorTemplate.List(weighted: weighted))
        }
        return Dictionary(lists) { $1 }
    }
}
