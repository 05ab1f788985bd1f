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
            let objects = record.encoding.objectAddresses
            self = record.encoding.withUnsafeBytes { isText ? .json($0) : .flat($0, objects: objects) }
        case .object(let object): self = .object(object.addressInMemory)
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

/// What a call gave, as values: slices of a block that will take its bytes over.
struct ScriptOutputs {
    private let outputs: LuaOutputs
    private let block: Block
    private let state: LuaState

    /// The outputs of a state's last call, valid until its next.
    init(_ state: LuaState, _ block: Block) {
        outputs = state.outputs
        self.block = block
        self.state = state
    }

    /// How many there are.
    var count: Int { outputs.count }

    /// The value at an index.
    func value(at index: Int) -> Value { value(outputs[index]) }

    /// The job that the script gave by returning no more than a value; nil if it said anything else about it.
    func plainJob(at index: Int, after details: JobDetails?) -> Job? {
        let output = outputs[index]
        guard output.port == 0, output.key == nil, output.metadata == nil else { return nil }
        return Job(value: value(output), details: details)
    }

    /// The jobs that the script gave, each for its port.
    func jobs(_ range: Range<Int>, after details: JobDetails?) -> [(port: Int, job: Job)] {
        outputs[range].map { ($0.port, job($0, after: details)) }
    }

    /// The job that the script gave, with the key and the metadata of the one at hand where it said nothing else.
    private func job(_ output: LuaOutput, after details: JobDetails?) -> Job {
        guard output.key != nil || output.metadata != nil else { return Job(value: value(output), details: details) }
        let before = details ?? JobDetails()
        let after = before.with(
            key: output.key.map { Bytes(block, $0) } ?? before.key,
            metadata: output.metadata.map { .record(Record(flat: Bytes(block, $0))) } ?? before.metadata
        )
        return Job(value: value(output), details: after)
    }

    private func value(_ output: LuaOutput) -> Value {
        switch output.value {
        case .null: .null
        case .boolean(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .string(let range): .string(Bytes(block, range))
        case .flat(let range) where output.objects.isEmpty: .record(Record(flat: Bytes(block, range)))
        case .flat(let range): .record(Record(flat: encoding(range, objects(of: output))))
        case .line(let range): .record(Record(text: Bytes(block, range)))
        case .object: objects(of: output).first.map { .object($0) } ?? .null
        }
    }

    private func objects(of output: LuaOutput) -> [ValueObject] {
        state.objects(output.objects).compactMap { $0.map { ValueObject.at($0) } }
    }

    /// In a block of its own: the objects are to be freed with this value, not with the last of its batch.
    private func encoding(_ range: Range<Int>, _ objects: [ValueObject]) -> Bytes {
        Bytes(copying: UnsafeRawBufferPointer(rebasing: state.outputBytes[range]), objects: objects)
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
        let objects = objects.compactMap { $0.map { ValueObject.at($0) } }
        return (0..<count).map { index in
            flat(index).map { Value(encoding: Bytes(copying: $0, objects: objects)) } ?? .null
        }
    }
}

extension LuaFunction {
    /// A function that takes and gives values.
    static func values(_ name: String, _ body: @escaping ([Value]) throws -> Value?) -> LuaFunction {
        LuaFunction(name) { call in try body(call.values).map { .flat($0.flat) } ?? .nothing }
    }
}
