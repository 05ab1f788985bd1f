import Foundation
import Testing
import Tidemill
import TidemillScripting

/// Scripts that make values up.
@Suite(.timeLimit(.minutes(10)))
struct ScriptGeneratorTests {
    private func generator(_ source: String) throws -> ScriptGenerator {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).lua")
        try Data(source.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let fields = ComponentSpecification.scriptStage.fields
        let settings = try Settings(["script": .string(file.path)], as: fields)
        return try ScriptGenerator.factory(settings)()
    }

    @Test func numbersComeFromTheSeedAlone() throws {
        let generator = try generator("return function(i, ctx) return { i, ctx:random(6), ctx:random(-3, 3) } end")
        func values(seed: UInt64) throws -> [Value] {
            try (0..<20).map { index in
                var state = seed &+ UInt64(index)
                return try generator.value(at: index) {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return state
                }
            }
        }
        let first = try values(seed: 1)
        #expect(try values(seed: 1) == first)
        #expect(try values(seed: 2) != first)
        for (index, value) in first.enumerated() {
            let numbers = value.elements?.compactMap(\.integer) ?? []
            #expect(numbers.count == 3 && numbers[0] == Int64(index))
            #expect((1...6).contains(numbers[1]) && (-3...3).contains(numbers[2]))
        }
    }

    @Test(arguments: [
        ("return function(i, ctx) return ctx:random(2, 1) end", "random takes the smaller number first"),
        ("return function(i, ctx) return ctx:random('x') end", "random takes up to two integers"),
        ("return function(i, ctx) end", "gives 0 values for 0 instead of one"),
        ("return function(i, ctx) ctx:emit(1) return 2 end", "gives 2 values for 0 instead of one"),
        ("return function(i, ctx) return nil, 'never' end", "never"),
    ])
    func failures(source: String, message: String) throws {
        let generator = try generator(source)
        let error = #expect(throws: ScriptError.self) { try generator.value(at: 0) { 1 } }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
