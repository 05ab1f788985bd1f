internal import CLuaHost
internal import CValue

/// The host functions of one state, by number, and what a call waits for.
final class LuaHost {
    private var functions: [LuaFunction] = []
    private var waiting: (name: String, operation: LuaOperation)?
    /// Keeps the objects of the last reply until the state has taken them over.
    private var replied: (any Sendable & AnyObject)?

    func add(_ function: LuaFunction) -> Int32 {
        functions.append(function)
        return Int32(functions.count - 1)
    }

    func takeWait() -> (name: String, operation: LuaOperation)? {
        defer { waiting = nil }
        return waiting
    }

    func hold(_ reply: LuaReply) {
        if case .encoded(_, let owner) = reply { replied = owner }
    }

    func letGo() { replied = nil }

    func answer(
        _ function: Int32,
        _ arguments: tide_arguments,
        canWait: Bool,
        into result: UnsafeMutablePointer<tide_buffer>
    ) -> tide_answer {
        guard functions.indices.contains(Int(function)) else { return TIDE_HOST_ERROR }
        let called = functions[Int(function)]
        letGo()
        do {
            let reply = try called.body(LuaCall(name: called.name, arguments))
            if case .wait(let operation) = reply {
                guard canWait else { return TIDE_HOST_NO_WAIT }
                waiting = (called.name, operation)
                return TIDE_HOST_WAIT
            }
            hold(reply)
            reply.write(to: result)
            return TIDE_HOST_RETURN
        } catch {
            LuaReply.write(error, to: result)
            return TIDE_HOST_ERROR
        }
    }
}

/// Called from C.
///
/// File-scope and nonisolated, since a closure would take on the isolation of where it is written.
nonisolated func callHost(
    context: UnsafeMutableRawPointer?,
    function: Int32,
    arguments: UnsafePointer<tide_arguments>,
    canWait: Bool,
    result: UnsafeMutablePointer<tide_buffer>
) -> tide_answer {
    guard let context else { return TIDE_HOST_ERROR }
    let host = Unmanaged<LuaHost>.fromOpaque(context).takeUnretainedValue()
    return host.answer(function, arguments.pointee, canWait: canWait, into: result)
}

extension LuaReply {
    /// Appends the values' encoding.
    ///
    /// Without memory the buffer says so itself.
    func write(to buffer: UnsafeMutablePointer<tide_buffer>) {
        switch self {
        case .nothing, .wait:
            break
        case .null:
            Self.put(TIDE_NULL, [], to: buffer)
        case .boolean(let value):
            Self.put(value ? TIDE_TRUE : TIDE_FALSE, [], to: buffer)
        case .integer(let value):
            withUnsafeBytes(of: value.littleEndian) { Self.put(TIDE_INTEGER, $0, to: buffer) }
        case .number(let value):
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Self.put(TIDE_NUMBER, $0, to: buffer) }
        case .string(var text):
            text.withUTF8 { Self.putString(UnsafeRawBufferPointer($0), to: buffer) }
        case .bytes(let bytes):
            bytes.withUnsafeBytes { Self.putString($0, to: buffer) }
        case .flat(let bytes), .encoded(let bytes, _):
            bytes.withUnsafeBytes { Self.append($0, to: buffer) }
        }
    }

    /// Appends an error's message.
    static func write(_ error: any Error, to buffer: UnsafeMutablePointer<tide_buffer>) {
        var message = (error as? LuaError)?.message ?? String(describing: error)
        message.withUTF8 { append(UnsafeRawBufferPointer($0), to: buffer) }
    }

    private static func put(_ tag: Int, _ payload: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<tide_buffer>)
    {
        withUnsafeBytes(of: UInt8(truncatingIfNeeded: tag)) { append($0, to: buffer) }
        append(payload, to: buffer)
    }

    private static func put(_ tag: Int, _ payload: [UInt8], to buffer: UnsafeMutablePointer<tide_buffer>) {
        payload.withUnsafeBytes { put(tag, $0, to: buffer) }
    }

    private static func putString(_ bytes: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<tide_buffer>) {
        guard let count = UInt32(exactly: bytes.count) else {
            buffer.pointee.failed = true
            return
        }
        withUnsafeBytes(of: count.littleEndian) { put(TIDE_STRING, $0, to: buffer) }
        append(bytes, to: buffer)
    }

    private static func append(_ bytes: UnsafeRawBufferPointer, to buffer: UnsafeMutablePointer<tide_buffer>) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        _ = tide_buffer_append(buffer, start, bytes.count)
    }
}
