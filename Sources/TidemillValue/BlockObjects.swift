/// The objects that a block's encodings refer to, and their addresses in memory that stays where it is.
///
/// `@unchecked Sendable`: nothing of it changes.
@usableFromInline
final class BlockObjects: @unchecked Sendable {
    let all: [ValueObject]
    let addresses: UnsafeMutableBufferPointer<UnsafeRawPointer?>

    init(_ objects: [ValueObject]) {
        all = objects
        addresses = .allocate(capacity: objects.count)
        _ = addresses.initialize(from: objects.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) })
    }

    deinit { addresses.deallocate() }

    /// The object at an address; nil for an address of none of them, as damaged bytes may hold.
    func object(at address: UInt64) -> ValueObject? {
        let place = addresses.firstIndex { $0 == UnsafeRawPointer(bitPattern: UInt(address)) }
        return place.map { all[$0] }
    }

    /// How many bytes of memory they held on to when they were made.
    @usableFromInline var size: Int { all.reduce(0) { $0 + $1.size } }
}

extension Bytes {
    /// The addresses of the objects that an encoding in the same block refers to, valid as long as the block lives.
    package var objectAddresses: UnsafeBufferPointer<UnsafeRawPointer?> {
        block.objects.map { UnsafeBufferPointer($0.addresses) } ?? UnsafeBufferPointer(start: nil, count: 0)
    }

    /// What keeps the memory and the objects that these bytes refer to.
    package var owner: any AnyObject & Sendable { block }

    /// A copy of an encoding that refers to objects, with exactly these.
    package init(copying encoding: UnsafeRawBufferPointer, objects: [ValueObject]) {
        self.init(copying: encoding)
        block.keep(objects)
    }
}

extension ValueObject {
    /// The object at an address that the Lua wall gave, which holds it.
    package static func at(_ address: UnsafeRawPointer) -> ValueObject {
        Unmanaged.fromOpaque(address).takeUnretainedValue()
    }

    /// Its address, for the Lua wall.
    var address: UnsafeRawPointer { UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()) }
}
