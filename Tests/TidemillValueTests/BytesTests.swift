import Testing
import TidemillValue

@Suite struct BytesTests {
    @Test func slicesShareAndJoin() {
        let bytes: Bytes = "hello world"
        let (hello, rest) = (bytes.slice(0..<5), bytes.slice(5..<11))
        #expect(hello == "hello" && rest == " world")
        #expect(hello.isFollowed(by: rest))
        #expect(hello.joined(with: rest) == bytes)
        #expect(!rest.isFollowed(by: hello))
        #expect(!hello.isFollowed(by: Bytes(" world")), "equal bytes elsewhere do not continue these")
    }

    @Test func emptyOnesAreEqualWhereverTheyAre() {
        let bytes: Bytes = "x"
        #expect(Bytes() == bytes.slice(0..<0))
        #expect(Bytes().hashValue == bytes.slice(1..<1).hashValue)
        #expect(Bytes("").isEmpty && Bytes([UInt8]()).isEmpty)
        #expect(String(Bytes()) == "" && [UInt8](Bytes()) == [])
    }

    @Test func anyContentIsKept() {
        let all = (0...255).map { UInt8($0) } + [0, 0]
        #expect([UInt8](Bytes(all)) == all)
        #expect(String(Bytes([0x61, 0xFF, 0x62])) == "a\u{FFFD}b")
    }

    @Test func equalityIsThatOfBytes() {
        // One text to Unicode, two to bytes.
        #expect(Bytes("\u{E9}") != Bytes("e\u{301}"))
        #expect(Bytes("abc") != Bytes("ab"))
        #expect(Set<Bytes>(["a", "b", "a"]).count == 2)
    }

    @Test func aBlockMayBeFilledAfterItWasSliced() {
        let block = Block()
        let slice = Bytes(block, start: 1, count: 2)
        #expect(slice.count == 2)
        var writer = ByteWriter()
        writer.append("wxyz")
        let written = writer.take()
        written.withUnsafeBytes { bytes in
            let filled = Block(capacity: 4)
            filled.storage.copyMemory(from: bytes)
            #expect(Bytes(filled, start: 1, count: 2) == "xy")
        }
    }

    @Test func outOfRangeSlicesStopTheProcess() async {
        await #expect(processExitsWith: .failure) { _ = Bytes("abc").slice(1..<5) }
        await #expect(processExitsWith: .failure) { _ = Bytes("abc").slice(0..<2).slice(0..<3) }
    }

    @Test func aWriterIsEmptyAfterItsBytesWereTaken() {
        var writer = ByteWriter()
        writer.append("one")
        #expect(writer.take() == "one")
        #expect(writer.count == 0)
        writer.append("two")
        writer.truncate(to: 1)
        writer.truncate(to: 5)
        #expect(writer.take() == "t")
        #expect(writer.take() == "")
    }
}
