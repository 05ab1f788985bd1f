internal import CLuaHost

/// What a state has to know of the host's objects, which scripts hold by handles: values refer to them by address.
///
/// The functions are called on whichever thread uses the state, with the address of an object that somebody holds.
public struct LuaObjects: Sendable {
    /// Does something with the object at an address.
    public typealias Action = @convention(c) (UnsafeRawPointer) -> Void
    /// Says how many bytes the object at an address holds on to by now.
    public typealias Size = @convention(c) (UnsafeRawPointer) -> Int
    /// Says what the type of the object at an address is called; the text lives as long as the object.
    public typealias Name = @convention(c) (UnsafeRawPointer) -> UnsafePointer<CChar>

    let functions: tide_object_functions

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - retain: Adds a reference.
    ///   - release: Takes one away.
    ///   - footprint: The bytes that count as the state's memory while a script holds the object.
    ///   - type: The name of the type, which is also the module of its methods.
    public init(
        retain: @escaping Action,
        release: @escaping Action,
        footprint: @escaping Size,
        type: @escaping Name
    ) {
        functions = tide_object_functions(retain: retain, release: release, footprint: footprint, type: type)
    }
}
