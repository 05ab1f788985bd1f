internal import CLuaHost
internal import CValue

/// The value that a call gets.
///
/// It points to the caller's bytes and copies none, so these must outlive the call of ``LuaState/handle(_:)`` (not
/// the waits in it: the value is in Lua by then).
public struct LuaInput {
    var raw: tide_input

    private init(
        _ tag: Int,
        integer: Int64 = 0,
        number: Double = 0,
        bytes: UnsafeRawBufferPointer? = nil,
        objects: UnsafeBufferPointer<UnsafeRawPointer?>? = nil
    ) {
        raw = tide_input(
            tag: Int32(tag),
            integer: integer,
            number: number,
            bytes: bytes?.baseAddress?.assumingMemoryBound(to: UInt8.self),
            count: bytes?.count ?? 0,
            objects: objects?.baseAddress,
            object_count: objects?.count ?? 0
        )
    }

    /// What scripts know as `json.null`.
    public static var null: LuaInput { LuaInput(TIDE_NULL) }

    /// A boolean.
    public static func boolean(_ value: Bool) -> LuaInput { LuaInput(value ? TIDE_TRUE : TIDE_FALSE) }

    /// An integer.
    public static func integer(_ value: Int64) -> LuaInput { LuaInput(TIDE_INTEGER, integer: value) }

    /// A float, also when its value is whole.
    public static func number(_ value: Double) -> LuaInput { LuaInput(TIDE_NUMBER, number: value) }

    /// A string of any bytes.
    public static func string(_ bytes: UnsafeRawBufferPointer) -> LuaInput { LuaInput(TIDE_STRING, bytes: bytes) }

    /// JSON text.
    ///
    /// The call fails when it isn't.
    public static func json(_ bytes: UnsafeRawBufferPointer) -> LuaInput { LuaInput(TIDE_JSON, bytes: bytes) }

    /// The first of these objects, whose addresses must stay where they are.
    public static func object(_ objects: UnsafeBufferPointer<UnsafeRawPointer?>) -> LuaInput {
        LuaInput(TIDE_OBJECT, objects: objects)
    }

    /// One value in the flat encoding, of any kind; it may refer to these objects.
    ///
    /// The call fails when it's damaged.
    public static func flat(
        _ bytes: UnsafeRawBufferPointer,
        objects: UnsafeBufferPointer<UnsafeRawPointer?>? = nil
    ) -> LuaInput {
        let tag = bytes.first.map { Int($0) } ?? TIDE_ARRAY
        switch tag {
        case TIDE_STRING where bytes.count >= 5, TIDE_JSON where bytes.count >= 5:
            return LuaInput(tag, bytes: UnsafeRawBufferPointer(rebasing: bytes.dropFirst(5)))
        case TIDE_INTEGER where bytes.count >= 9:
            return .integer(bytes.loadUnaligned(fromByteOffset: 1, as: Int64.self))
        case TIDE_NUMBER where bytes.count >= 9:
            return .number(bytes.loadUnaligned(fromByteOffset: 1, as: Double.self))
        case TIDE_NULL, TIDE_FALSE, TIDE_TRUE:
            return LuaInput(tag)
        default:
            // An array or a table; the wall refuses what isn't a whole one.
            return LuaInput(TIDE_ARRAY, bytes: bytes, objects: objects)
        }
    }
}
