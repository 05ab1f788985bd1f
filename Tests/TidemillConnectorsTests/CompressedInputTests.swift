import Testing
import TidemillTesting

@testable import TidemillConnectors

@Suite struct CompressedInputTests {
    /// All that can be read, and what ended it.
    private func unpack(_ packed: [UInt8], seed: Int = 1, largest: Int = 100_000) -> (bytes: [UInt8], problem: String?)
    {
        var numbers = SeededRandom(seed: seed)
        var bytes: [UInt8] = []
        do {
            let input = try decompressing(PiecewiseInput(packed, seed: seed, largest: largest), path: "x")
            while true {
                var buffer = [UInt8](repeating: 0, count: Int.random(in: 1...200_000, using: &numbers))
                let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
                if count == 0 { return (bytes, nil) }
                bytes += buffer.prefix(count)
            }
        } catch {
            return (bytes, String(describing: error))
        }
    }

    @Test(arguments: 0..<40)
    func anyMembersInAnyPieces(seed: Int) {
        var numbers = SeededRandom(seed: seed)
        let pack = seed.isMultiple(of: 2) ? gzip : zstd
        var packed: [UInt8] = []
        var expected: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let part = numbers.bytes(Int.random(in: 0...200_000, using: &numbers), frequent: "abc\n")
            expected += part
            packed += pack(part)
        }
        let largest = [1, 7, 1000, 200_000][seed % 4]
        let found = unpack(packed, seed: seed, largest: largest)
        #expect(found.problem == nil)
        #expect(found.bytes == expected)
    }

    @Test(arguments: ["", "P", "(", "plain text", "\u{1F}", "P*M"])
    func otherBytesAreGivenAsTheyAre(text: String) {
        let found = unpack(Array(text.utf8), largest: 1)
        #expect(found.problem == nil)
        #expect(found.bytes == Array(text.utf8))
    }

    @Test func cutDataGivesWhatIsGood() {
        var numbers = SeededRandom(seed: 3)
        let bytes = numbers.bytes(1_000_000, frequent: "abc\n")
        for (pack, name) in [(gzip, "gzip"), (zstd, "zstd")] {
            let packed = pack(bytes)
            for cut in [1, 3, 8, 100, packed.count / 2] {
                let found = unpack(Array(packed.dropLast(cut)))
                #expect(found.problem == "x: the \(name) data ends too early")
                #expect(found.bytes == Array(bytes.prefix(found.bytes.count)))
            }
            let half = unpack(Array(packed.prefix(packed.count / 2)))
            #expect(half.bytes.count > 250_000, "\(name)")
        }
    }

    @Test func damagedDataGivesWhatIsGood() {
        var numbers = SeededRandom(seed: 4)
        let bytes = numbers.bytes(1_000_000, frequent: "abc\n")
        for (pack, name) in [(gzip, "gzip"), (zstd, "zstd")] {
            var packed = pack(bytes)
            packed[packed.count - 6] ^= 0xFF
            let found = unpack(packed)
            #expect(found.problem?.hasPrefix("x: the \(name) data is damaged: ") == true, "\(found.problem ?? "none")")
            #expect(found.bytes == Array(bytes.prefix(found.bytes.count)))
            #expect(found.bytes.count > 500_000)
        }
    }

    @Test func whatFollowsGzip() {
        let member = gzip(Array("a".utf8))
        #expect(unpack(member + [0, 0, 0]).problem == nil)
        #expect(unpack(member + [0, 0] + member).bytes == Array("aa".utf8))
        #expect(unpack(member + Array("junk".utf8)).problem == "x: something follows the gzip data")
    }

    /// A frame that decoders skip may come before and between others.
    @Test func zstdFramesToSkip() {
        let skipped: [UInt8] = [0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let frame = zstd(Array("a".utf8))
        for largest in [1, 1000] {
            let found = unpack(skipped + frame + skipped + frame, largest: largest)
            #expect(found.problem == nil)
            #expect(found.bytes == Array("aa".utf8))
        }
    }
}
