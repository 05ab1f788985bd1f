#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Something that a value refers to rather than contains: bytes or pixels that go from stage to stage without being
/// copied, and are freed with the last value that refers to them.
///
/// `@unchecked Sendable`: a subclass never changes what it holds, or guards it with a lock.
open class ValueObject: @unchecked Sendable {
    /// What scripts know its type as, which is also the module that its methods are in.
    public let typeName: String
    /// The same for C.
    package let typeNameInC: UnsafePointer<CChar>
    private let ownAddress: UnsafeMutablePointer<UnsafeRawPointer?>

    /// An object of a type; only subclasses have anything in them.
    public init(typeName: String) {
        self.typeName = typeName
        // Without memory for a name there is none for anything.
        typeNameInC = UnsafePointer(strdup(typeName))
        ownAddress = .allocate(capacity: 1)
        ownAddress.initialize(to: UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()))
    }

    deinit {
        free(UnsafeMutablePointer(mutating: typeNameInC))
        ownAddress.deallocate()
    }

    /// Its address in memory that lives as long as it does, as the Lua wall takes it.
    package var addressInMemory: UnsafeBufferPointer<UnsafeRawPointer?> {
        UnsafeBufferPointer(start: ownAddress, count: 1)
    }

    /// How many bytes of memory it held on to when it was made.
    ///
    /// Channels count with it, so it never changes.
    open var size: Int { 0 }

    /// How many bytes of memory it holds on to by now.
    open var footprint: Int { size }

    /// What a sink writes for it: its bytes, where they are ready; nil where it has to be encoded first.
    open var bytes: Bytes? { nil }

    /// Bytes that it can be made of again, losing nothing, for where it must outlive the process.
    open func archived() throws -> Bytes { bytes ?? Bytes() }
}

/// Bytes that scripts hold by a handle: a file's content, or an encoded image.
public final class Blob: ValueObject, @unchecked Sendable {
    /// The bytes.
    public let contents: Bytes

    /// A blob of these bytes, which are not copied.
    public init(_ contents: Bytes) {
        self.contents = contents
        super.init(typeName: "blob")
    }

    /// The number of its bytes.
    public override var size: Int { contents.count }
    /// Its contents.
    public override var bytes: Bytes? { contents }
}

/// An object of another process, come back from where it was kept: whoever knows its type can make it again.
public final class ArchivedObject: ValueObject, @unchecked Sendable {
    /// What ``ValueObject/archived()`` gave.
    public let contents: Bytes

    /// An object of the type that is called so.
    public init(type: String, contents: Bytes) {
        self.contents = contents
        super.init(typeName: type)
    }

    /// The number of its bytes.
    public override var size: Int { contents.count }
    /// The same bytes.
    public override func archived() -> Bytes { contents }
}

extension Value {
    /// The object, where it is one.
    public var object: ValueObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The bytes of a string or of an object that has them ready.
    public var content: Bytes? {
        switch self {
        case .string(let bytes): bytes
        case .object(let object): object.bytes
        default: nil
        }
    }
}
