import Tidemill

extension ScriptModule {
    /// `require "blob"`: bytes that a script passes on without copying them into Lua.
    public static let blob = ScriptModule(
        "blob",
        functions: [
            ScriptFunction(
                "new",
                summary: "A blob of a string's bytes.",
                parameters: [ScriptParameter("bytes", "a string", "The bytes.")]
            ) { call in
                guard let bytes = call[0].content else { throw ScriptCall.Problem("blob.new takes a string") }
                return [.object(Blob(bytes))]
            }
        ],
        methods: [
            ScriptFunction("bytes", summary: "A string of all its bytes.") { call in [.string(try contents(call))] },
            ScriptFunction(
                "sub",
                summary: "A string of some of its bytes, as `string.sub` gives them.",
                parameters: [
                    ScriptParameter("first", "an integer", "The place of the first, from 1; negative from the end."),
                    ScriptParameter("last", "an integer", standard: "-1", isRequired: false, "The place of the last."),
                ]
            ) { call in
                let bytes = try contents(call)
                guard let first = call[1].integer, case let last = call[2] == .null ? -1 : call[2].integer, let last
                else { throw ScriptCall.Problem("blob:sub takes the places of the first and the last byte") }
                return [.string(bytes.slice(range(first, last, of: bytes.count)))]
            },
        ],
        property: { call in
            let bytes = try contents(call)
            return switch call[1] {
            case "#": .integer(Int64(bytes.count))
            case "tostring": .string(Bytes("blob of \(bytes.count) bytes"))
            default: nil
            }
        }
    )

    private static func contents(_ call: ScriptCall) throws -> Bytes {
        guard let bytes = call[0].object?.bytes else { throw ScriptCall.Problem("call it as a method: blob:bytes()") }
        return bytes
    }

    /// The places that `string.sub` means: from 1, or from the end where they are negative.
    private static func range(_ first: Int64, _ last: Int64, of count: Int) -> Range<Int> {
        let count = Int64(count)
        let start = first > 0 ? first : first == 0 ? 1 : max(1, count &+ first &+ 1)
        let end = min(count, last >= 0 ? last : count &+ last &+ 1)
        return start > end ? 0..<0 : Int(start - 1)..<Int(end)
    }
}
