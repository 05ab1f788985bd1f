import Testing
import TidemillValue

/// Bytes that are no encoding are read as something or nothing, never past their end.
@Suite struct HostileEncodingTests {
    @Test(arguments: 0..<4) func truncationsAndFlippedBits(part: Int) {
        for seed in part * 60..<(part + 1) * 60 {
            var random = SeededGenerator(seed: seed)
            let bytes = [UInt8](Value.random(depth: 4, using: &random).encoded)
            for count in 0..<min(bytes.count, 80) { readAll(Array(bytes.prefix(count))) }
            for _ in 0..<40 {
                var flipped = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let index = Int.random(in: 0..<flipped.count, using: &random)
                    flipped[index] ^= 1 << Int.random(in: 0..<8, using: &random)
                }
                readAll(flipped)
            }
        }
    }

    @Test func noise() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<5000 {
            let count = Int.random(in: 0..<40, using: &random)
            readAll(
                (0..<count).map { _ in UInt8.random(in: 0...(Bool.random(using: &random) ? 9 : 255), using: &random) }
            )
        }
    }

    @Test func countsThatAreLies() {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        for tag: UInt8 in 5...8 {
            readAll([tag] + huge)
            readAll([tag] + huge + huge)
            readAll([tag, 4, 0, 0, 0] + huge)
            readAll([tag, 8, 0, 0, 0] + huge + huge)
            readAll([tag, 0, 0, 0, 0] + huge)
        }
        let liar = Value(encoding: Bytes([0x06, 4, 0, 0, 0] + huge))
        #expect(liar.elements == [] && liar[0] == nil && liar[Int(UInt32.max) - 1] == nil)
    }

    /// Does with a value all that one can.
    private func readAll(_ bytes: [UInt8], depth: Int = 0) {
        let value = Value(encoding: Bytes(bytes))
        visit(value, depth: 0)
        _ = value == value
        _ = try? value.json()
        _ = value.encoded
        // And as JSON text, which it hardly is.
        visit(.record(Record(text: Bytes(bytes))), depth: 0)
        _ = try? Value(json: Bytes(bytes))
    }

    private func visit(_ value: Value, depth: Int) {
        guard depth < 70 else { return }
        _ = (value.footprint, value.text, value.description, value["a"], value[1])
        if case .record(let record) = value { _ = (record.count, record.isArray, record.flat) }
        for element in value.elements ?? [] { visit(element, depth: depth + 1) }
        for field in value.fields ?? [] { visit(field.value, depth: depth + 1) }
    }
}
