import Tidemill
import TidemillLua

// The wall speaks flat bytes and knows no `Value`; here the two meet.

extension LuaInput {
    /// Points to a value's bytes, which stay where they are as long as somebody holds the value.
    init(_ value: Tidemill.Value) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .boolean(flag)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .string(let bytes): self = bytes.withUnsafeBytes { .string($0) }
        case .record(let record):
            let isText = record.isText
            self = record.encoding.withUnsafeBytes { isText ? .json($0) : .flat($0) }
        }
    }
}

extension LuaState {
    /// Hands all bytes that the outputs since the last time refer to over to a block, which has none yet.
    func takeOutput(into block: Block) {
        guard let buffer = takeOutput() else { return }
        let bytes = buffer.release()
        block.adopt(UnsafeMutableRawPointer(mutating: bytes.baseAddress), count: bytes.count)
    }
}

extension LuaOutput {
    /// The value, as a slice of the block that will take the output over.
    func value(in block: Block) -> Tidemill.Value {
        switch value {
        case .null: .null
        case .boolean(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .string(let range): .string(Bytes(block, range))
        case .flat(let range): .record(Record(flat: Bytes(block, range)))
        case .line(let range): .record(Record(text: Bytes(block, range)))
        }
    }

    /// The job that the script gave by returning no more than a value; nil if it said anything else about it.
    func plainJob(in block: Block, after details: JobDetails?) -> Job? {
        guard port == 0, key == nil, metadata == nil else { return nil }
        return Job(value: value(in: block), details: details)
    }

    /// The job that the script gave, with the key and the metadata of the one at hand where it said nothing else.
    func job(in block: Block, after details: JobDetails?) -> Job {
        guard key != nil || metadata != nil else { return Job(value: value(in: block), details: details) }
        let before = details ?? JobDetails()
        let after = before.with(
            key: key.map { Bytes(block, $0) } ?? before.key,
            metadata: metadata.map { .record(Record(flat: Bytes(block, $0))) } ?? before.metadata
        )
        return Job(value: value(in: block), details: after)
    }
}

extension Slice<LuaOutputs> {
    /// The jobs that the script gave, each for its port.
    func jobs(in block: Block, after details: JobDetails?) -> [(port: Int, job: Job)] {
        map { ($0.port, $0.job(in: block, after: details)) }
    }
}

extension Bytes {
    fileprivate init(_ block: Block, _ range: Range<Int>) {
        self.init(block, start: range.lowerBound, count: range.count)
    }
}

extension Value {
    /// The value in the flat encoding.
    var flat: [UInt8] {
        var writer = ByteWriter()
        writer.append(flat: self)
        return Array(writer.take())
    }

    /// The value of a flat encoding.
    init(flat: [UInt8]) { self.init(encoding: Bytes(flat)) }
}

extension LuaCall {
    /// The arguments as values.
    var values: [Value] {
        (0..<count).map { index in
            flat(index).map { Value(encoding: Bytes(copying: $0)) } ?? .null
        }
    }
}

extension LuaFunction {
    /// A function that takes and gives values.
    static func values(_ name: String, _ body: @escaping ([Value]) throws -> Value?) -> LuaFunction {
        LuaFunction(name) { call in try body(call.values).map { .flat($0.flat) } ?? .nothing }
    }
}
