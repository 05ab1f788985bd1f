import CLuaHost
import CValue
import Testing

@testable import TidemillLua

@Suite struct ValueTests {
    /// A value whose tables have one key at most, so that its text doesn't depend on Lua's order of keys.
    private func value(_ depth: Int, _ random: inout SeededNumbers) -> String {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
        case 0: return "null"
        case 1: return Bool.random(using: &random) ? "true" : "false"
        case 2: return "\(Int64.random(in: .min ... .max, using: &random))"
        case 3: return "\(Int.random(in: -9...99, using: &random))"
        case 4: return "\(Int.random(in: -9_999...9_999, using: &random)).5"
        case 5:
            let letters = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                ["a", "é", "😀", "\\n", "\\\"", "\\\\", "\\u0000", "z"][Int.random(in: 0..<8, using: &random)]
            }
            return "\"\(letters.joined())\""
        case 6:
            let items = (0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth + 1, &random) }
            return "[\(items.joined(separator: ","))]"
        default:
            return Bool.random(using: &random) ? "{}" : "{\"key\":\(value(depth + 1, &random))}"
        }
    }

    @Test func valuesCrossBothWaysUnchanged() throws {
        let state = try LuaState.handler(
            "ctx:emit(value, {to = 'lines'}) return value",
            ports: [
                LuaPort(), LuaPort("lines", format: .jsonLine),
            ]
        )
        var random = SeededNumbers(seed: 42)
        for _ in 0..<2000 {
            let bytes = try flat(value(0, &random))
            try bytes.withUnsafeBytes { state.handle(.flat($0)) }.done()
            let expected = try json(bytes)
            let texts = try state.texts()
            #expect(texts.first == expected + "\n")
            guard let output = state.outputs.last else { throw LuaError("no output") }
            switch output.value {
            case .flat(let range): #expect(Array(state.outputBytes[range]) == bytes)
            case .string(let range): #expect(Array(state.outputBytes[range]) == Array(bytes.dropFirst(5)))
            default: #expect(texts.last == expected)
            }
            if Int.random(in: 0..<50, using: &random) == 0 { _ = state.takeOutput() }
        }
    }

    @Test func stringsAreBytes() throws {
        let state = try LuaState.handler("return value .. '\\0\\xff'")
        let bytes: [UInt8] = [0, 255, 128, 65, 0]
        try bytes.withUnsafeBytes { state.handle(.string($0)) }.done()
        guard case .string(let range)? = state.outputs.first?.value else { throw LuaError("no string") }
        #expect(Array(state.outputBytes[range]) == bytes + [0, 255])
    }

    @Test func scalarsKeepTheirKind() throws {
        let state = try LuaState.handler("return math.type(value) or type(value)")
        #expect(try state.results("1") == ["\"integer\""])
        #expect(try state.results("1.0") == ["\"float\""])
        #expect(try state.results("true") == ["\"boolean\""])
        #expect(try state.results("null") == ["\"userdata\""])
        let back = try LuaState.handler("return value")
        try back.handle(.integer(.min)).done()
        #expect(back.outputs.first?.value == .integer(.min))
        try back.handle(.number(1)).done()
        #expect(back.outputs.first?.value == .number(1))
        try back.handle(.boolean(false)).done()
        #expect(back.outputs.first?.value == .boolean(false))
        try back.handle(.null).done()
        #expect(back.outputs.first?.value == .null)
    }

    @Test func jsonTextGoesStraightIn() throws {
        let state = try LuaState.handler("return {value.a[2], #value.a, value.b == require('json').null}")
        let text = Array(#"{"a":[1,"x"],"b":null}"#.utf8)
        try text.withUnsafeBytes { state.handle(.json($0)) }.done()
        #expect(try state.texts() == [#"["x",2,true]"#])
        let wrong = Array("{a}".utf8)
        let error = try wrong.withUnsafeBytes { state.handle(.json($0)) }.failure
        #expect(error.message.contains("not JSON"))
        #expect(!state.isBroken)
        #expect(try state.results(#"{"a":[1,2],"b":1}"#) == ["[2,2,false]"])
    }

    @Test func damagedEncodingsAreErrors() throws {
        let state = try LuaState.handler("return value")
        let whole = try flat(#"{"a":[1,2.5,"text",null],"b":{"c":[]},"d":[[],{}]}"#)
        var random = SeededNumbers(seed: 11)
        for _ in 0..<5000 {
            var bytes = whole
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            bytes.removeLast(Int.random(in: 0...3, using: &random))
            if case .waiting = bytes.withUnsafeBytes({ state.handle(.flat($0)) }) { throw LuaError("a wait") }
            _ = state.takeOutput()
        }
        #expect(!state.isBroken)
        #expect(try state.results("[1]") == ["[1]"])
    }

    @Test func outputsAreReadWhereTheWallWroteThem() {
        #expect(MemoryLayout<tide_output>.stride == LuaOutputLayout.stride)
        #expect(MemoryLayout<tide_output>.offset(of: \.port) == LuaOutputLayout.port)
        #expect(MemoryLayout<tide_output>.offset(of: \.tag) == LuaOutputLayout.tag)
        #expect(MemoryLayout<tide_output>.offset(of: \.integer) == LuaOutputLayout.integer)
        #expect(MemoryLayout<tide_output>.offset(of: \.number) == LuaOutputLayout.number)
        #expect(MemoryLayout<tide_output>.offset(of: \.offset) == LuaOutputLayout.offset)
        #expect(MemoryLayout<tide_output>.offset(of: \.count) == LuaOutputLayout.count)
        #expect(MemoryLayout<tide_output>.offset(of: \.key_offset) == LuaOutputLayout.key)
        #expect(MemoryLayout<tide_output>.offset(of: \.key_count) == LuaOutputLayout.key + 8)
        #expect(MemoryLayout<tide_output>.offset(of: \.metadata_offset) == LuaOutputLayout.metadata)
        #expect(MemoryLayout<tide_output>.offset(of: \.first_object) == LuaOutputLayout.firstObject)
        #expect(MemoryLayout<tide_output>.offset(of: \.object_count) == LuaOutputLayout.objectCount)
        #expect([TIDE_FALSE, TIDE_TRUE, TIDE_INTEGER, TIDE_NUMBER, TIDE_STRING] == [1, 2, 3, 4, 5])
        #expect([TIDE_ARRAY, TIDE_TABLE, TIDE_JSON, TIDE_OBJECT] == [6, 7, 8, 9])
    }

    @Test func theBufferChangesOwner() throws {
        let state = try LuaState.handler("return 'abc'")
        #expect(try state.results() == ["\"abc\""])
        #expect(try state.results() == ["\"abc\""])
        guard let taken = state.takeOutput() else { throw LuaError("nothing taken") }
        state.close()
        #expect(Array(taken.bytes) == Array("abcabc".utf8))
        #expect(state.outputs.isEmpty)
        #expect(!state.takesOutput())
        #expect(try state.handle(.null).failure.kind == .misuse)
    }
}
