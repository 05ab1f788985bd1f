internal import CLuaHost
internal import CValue

/// The arguments of a host function's call, numbered from 0 (without `ctx`, where it is a method of it).
///
/// Reading one of another kind throws a ``LuaError``, which the script sees as its error.
public struct LuaCall: ~Copyable {
    /// The function's name.
    public let name: String
    /// How many arguments there are.
    public let count: Int
    private let arguments: UnsafeRawBufferPointer
    /// The addresses of all objects that the arguments refer to.
    ///
    /// Valid during the call only.
    public let objects: UnsafeBufferPointer<UnsafeRawPointer?>

    init(name: String, _ arguments: tide_arguments) {
        self.name = name
        self.arguments = UnsafeRawBufferPointer(start: arguments.bytes, count: arguments.size)
        count = Int(arguments.count)
        objects = UnsafeBufferPointer(start: arguments.objects, count: arguments.object_count)
    }

    /// The argument in the flat encoding, or nil when there is none there.
    ///
    /// Valid during the call only.
    public func flat(_ index: Int) -> UnsafeRawBufferPointer? {
        guard index >= 0, index < count else { return nil }
        var rest = arguments[...]
        for position in 0...index {
            let bytes = UnsafeRawBufferPointer(rebasing: rest)
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            let size = tide_value_size(start, bytes.count)
            guard size > 0 else { return nil }
            if position == index {
                return UnsafeRawBufferPointer(rebasing: bytes.prefix(size))
            }
            rest = rest.dropFirst(size)
        }
        return nil
    }

    /// Whether the argument is missing, nil or `json.null`.
    public func isMissing(_ index: Int) -> Bool {
        guard let value = flat(index), let tag = value.first else { return true }
        return Int(tag) == TIDE_NULL
    }

    /// A string's bytes.
    ///
    /// Valid during the call only.
    public func bytes(_ index: Int) throws(LuaError) -> UnsafeRawBufferPointer {
        let value = try value(index, "string") { $0 == TIDE_STRING }
        return UnsafeRawBufferPointer(rebasing: value.dropFirst(5))
    }

    /// A string, with U+FFFD for what isn't UTF-8.
    public func string(_ index: Int) throws(LuaError) -> String {
        String(decoding: try bytes(index), as: UTF8.self)
    }

    /// An integer, or a float with an integer's value.
    public func integer(_ index: Int) throws(LuaError) -> Int64 {
        let value = try value(index, "integer") { $0 == TIDE_INTEGER || $0 == TIDE_NUMBER }
        if Int(value[0]) == TIDE_INTEGER {
            return value.loadUnaligned(fromByteOffset: 1, as: Int64.self)
        }
        guard let whole = Int64(exactly: value.loadUnaligned(fromByteOffset: 1, as: Double.self)) else {
            throw wrong(index, "integer", "a float")
        }
        return whole
    }

    /// A number of either kind.
    public func number(_ index: Int) throws(LuaError) -> Double {
        let value = try value(index, "number") { $0 == TIDE_INTEGER || $0 == TIDE_NUMBER }
        return Int(value[0]) == TIDE_NUMBER
            ? value.loadUnaligned(fromByteOffset: 1, as: Double.self)
            : Double(value.loadUnaligned(fromByteOffset: 1, as: Int64.self))
    }

    /// A boolean.
    public func boolean(_ index: Int) throws(LuaError) -> Bool {
        Int(try value(index, "boolean") { $0 == TIDE_TRUE || $0 == TIDE_FALSE }[0]) == TIDE_TRUE
    }

    /// An object's address; nil for anything else.
    public func object(_ index: Int) -> UnsafeRawPointer? {
        guard let value = flat(index), value.count == 9, Int(value[0]) == TIDE_OBJECT else { return nil }
        return UnsafeRawPointer(bitPattern: value.loadUnaligned(fromByteOffset: 1, as: UInt.self))
    }

    private func value(
        _ index: Int,
        _ expected: String,
        where fits: (Int) -> Bool
    ) throws(LuaError) -> UnsafeRawBufferPointer {
        guard let value = flat(index), let tag = value.first else { throw wrong(index, expected, "no value") }
        guard fits(Int(tag)) else { throw wrong(index, expected, Self.kind(Int(tag))) }
        return value
    }

    private func wrong(_ index: Int, _ expected: String, _ found: String) -> LuaError {
        LuaError("bad argument #\(index + 1) to '\(name)' (\(expected) expected, got \(found))")
    }

    private static func kind(_ tag: Int) -> String {
        switch tag {
        case TIDE_NULL: "nil"
        case TIDE_FALSE, TIDE_TRUE: "boolean"
        case TIDE_INTEGER, TIDE_NUMBER: "number"
        case TIDE_STRING: "string"
        case TIDE_ARRAY: "array"
        case TIDE_OBJECT: "object"
        default: "table"
        }
    }
}
