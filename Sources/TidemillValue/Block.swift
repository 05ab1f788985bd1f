#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// One malloc'ed piece of memory that many ``Bytes`` share and the last of them frees.
///
/// `@unchecked Sendable`: whoever fills a block writes only bytes that no slice covers yet, and hands a slice over
/// (through a channel's lock) after it wrote the bytes under it; from then on they are only read.
public final class Block: @unchecked Sendable {
    // `@exclusivity(unchecked)`: nothing else runs while one of these is set, and they are read for every line.
    @usableFromInline @exclusivity(unchecked) private(set) var base: UnsafeMutableRawPointer?
    /// How many bytes the block holds.
    @exclusivity(unchecked) public private(set) var capacity: Int
    /// The objects that encodings in the block refer to by their addresses; they live as long as it does.
    @usableFromInline @exclusivity(unchecked) private(set) var objects: BlockObjects?

    /// A block of `capacity` bytes that its maker is about to fill.
    public init(capacity: Int) {
        base = malloc(max(capacity, 1))
        self.capacity = base == nil ? 0 : capacity
    }

    /// A block whose memory comes later by ``adopt(_:count:)``: slices may be made before it, not read.
    public init() {
        base = nil
        capacity = 0
    }

    deinit { free(base) }

    /// Takes over malloc'ed memory; once, and before anybody reads.
    public func adopt(_ memory: UnsafeMutableRawPointer?, count: Int) {
        precondition(base == nil, "a block adopts memory once")
        base = memory
        capacity = memory == nil ? 0 : count
    }

    /// Keeps objects alive whose addresses the block has, or will have, in it; before anybody reads.
    func keep(_ objects: [ValueObject]) {
        if !objects.isEmpty { self.objects = BlockObjects((self.objects?.all ?? []) + objects) }
    }

    /// The memory, for its maker to fill.
    public var storage: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base, count: capacity)
    }

    static let empty = Block(capacity: 0)
}
