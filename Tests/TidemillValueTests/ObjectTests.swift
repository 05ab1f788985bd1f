import Testing
import TidemillValue

/// Values that refer to objects: who holds them, and how long.
@Suite struct ObjectTests {
    private final class Thing: ValueObject, @unchecked Sendable {
        init() { super.init(typeName: "thing") }

        override var size: Int { 1_000 }
    }

    private struct Watch {
        weak var thing: Thing?
    }

    @Test func aRecordHoldsWhatItRefersTo() {
        var watch = Watch()
        var record: Value? = {
            let thing = Thing()
            watch.thing = thing
            return ["name": "a", "list": [.object(thing), 1]]
        }()
        #expect(watch.thing != nil)
        #expect(record?["list"]?[0]?.object === watch.thing)
        #expect((record?.footprint ?? 0) > 1_000)
        // A part of it, and what is made of that, hold it too.
        var part = record?["list"]
        record = nil
        #expect(part?[0]?.object === watch.thing)
        var copy: Value? = part.map { ["again": $0] }
        part = nil
        #expect(copy?["again"]?[0]?.object === watch.thing)
        copy = nil
        #expect(watch.thing == nil)
    }

    @Test func anAddressThatNobodyVouchesForIsNull() {
        let thing = Thing()
        let address = withUnsafeBytes(of: UInt(bitPattern: Unmanaged.passUnretained(thing).toOpaque())) { Array($0) }
        #expect(Value(encoding: Bytes([9] + address)) == .null)
        #expect(Value(encoding: Bytes([9, 1, 2, 3])) == .null)
        let table: Value = ["a": .object(thing), "b": .object(thing)]
        #expect(table == table && table != ["a": .object(thing), "b": .object(Thing())])
    }

    @Test func aWriterHoldsWhatItWroteUntilItIsTaken() {
        var watch = Watch()
        var writer = ByteWriter()
        func write(_ writer: inout ByteWriter) {
            let thing = Thing()
            watch.thing = thing
            writer.append(flat: .object(thing))
        }
        write(&writer)
        #expect(watch.thing != nil)
        let bytes = writer.take()
        #expect(Value(encoding: bytes).object === watch.thing)
        write(&writer)
        writer.removeAll()
        #expect(watch.thing == nil)
    }

    @Test func thereIsNoTextForIt() {
        let blob = Value.object(Blob(Bytes("abc")))
        #expect(throws: JSONError.self) { try blob.json() }
        #expect(throws: JSONError.self) { try Value.table([("b", blob)]).json() }
        #expect(blob.content == Bytes("abc") && Value.string("x").content == "x" && Value.null.content == nil)
    }
}
