import CLuaHost
import TidemillValue

/// The Swift side of a state: the functions that scripts may call, by number, and the operation that a call waits for.
final class LuaHost {
    private var functions: [([Value]) throws -> LuaAnswer] = []
    /// What the call that waits is waiting for.
    var operation: (@Sendable () async throws -> [Value])?

    /// Adds a function and gives its number.
    func add(_ function: @escaping ([Value]) throws -> LuaAnswer) -> Int32 {
        functions.append(function)
        return Int32(functions.count - 1)
    }

    /// Answers a call. Everything is done when this returns: what C does then may jump.
    fileprivate func call(
        _ number: Int, _ arguments: UnsafeRawBufferPointer, count: Int, canWait: Bool, _ result: inout tide_buffer
    ) -> tide_answer {
        guard number < functions.count else { return TIDE_HOST_ERROR }
        do {
            switch try functions[number](Value.sequence(arguments, count: count)) {
            case .values(let values):
                var writer = ByteWriter()
                for value in values { writer.append(flat: value) }
                return writer.withUnsafeBytes { append($0, to: &result) } ? TIDE_HOST_RETURN : TIDE_HOST_ERROR
            case .failure(let message):
                append(message, to: &result)
                return TIDE_HOST_ERROR
            case .wait(let operation):
                guard canWait else { return TIDE_HOST_NO_WAIT }
                self.operation = operation
                return TIDE_HOST_WAIT
            }
        } catch {
            append(String(describing: error), to: &result)
            return TIDE_HOST_ERROR
        }
    }

    private func append(_ message: String, to result: inout tide_buffer) {
        var message = message
        message.withUTF8 { _ = append(UnsafeRawBufferPointer($0), to: &result) }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to result: inout tide_buffer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return tide_buffer_append(&result, base, bytes.count)
    }
}

/// What C calls. It has no isolation and captures nothing; the host comes as a pointer.
nonisolated func answerScript(
    _ context: UnsafeMutableRawPointer?, _ function: Int32, _ arguments: UnsafePointer<UInt8>?, _ size: Int,
    _ count: Int32, _ canWait: Bool, _ result: UnsafeMutablePointer<tide_buffer>
) -> tide_answer {
    guard let context, function >= 0 else { return TIDE_HOST_ERROR }
    let host = Unmanaged<LuaHost>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: arguments, count: arguments == nil ? 0 : size)
    return host.call(Int(function), bytes, count: Int(count), canWait: canWait, &result.pointee)
}
