import CHiredis
import TidemillValue

/// A server's reply, or a part of one, which keeps the whole.
struct RedisReply {
    /// The reply that hiredis made, freed with its last part.
    private final class Tree {
        let root: UnsafeMutablePointer<redisReply>

        init(_ root: UnsafeMutablePointer<redisReply>) { self.root = root }

        deinit { freeReplyObject(root) }
    }

    private let tree: Tree
    private let node: UnsafeMutablePointer<redisReply>

    /// Takes over a reply of hiredis' reader.
    init(owning root: UnsafeMutableRawPointer) {
        node = root.assumingMemoryBound(to: redisReply.self)
        tree = Tree(node)
    }

    private init(_ tree: Tree, _ node: UnsafeMutablePointer<redisReply>) {
        self.tree = tree
        self.node = node
    }

    /// Whether it is the absence of a value.
    var isNil: Bool { node.pointee.type == REDIS_REPLY_NIL }

    /// The integer, where it is one.
    var integer: Int? { node.pointee.type == REDIS_REPLY_INTEGER ? Int(node.pointee.integer) : nil }

    /// The elements' count; 0 where it is no list.
    var count: Int { node.pointee.type == REDIS_REPLY_ARRAY ? Int(node.pointee.elements) : 0 }

    /// An element of a list, which has it.
    subscript(index: Int) -> RedisReply? {
        guard index >= 0, index < count, let element = node.pointee.element?[index] else { return nil }
        return RedisReply(tree, element)
    }

    /// All elements; none where it is no list.
    var elements: [RedisReply] { (0..<count).compactMap { self[$0] } }

    /// What follows a name in a list of names and values.
    func value(of name: StaticString) -> RedisReply? {
        let place = stride(from: 0, to: count - 1, by: 2).first { self[$0]?.equals(text: name) ?? false }
        return place.flatMap { self[$0 + 1] }
    }

    /// A copy of a string's bytes, where it is one.
    var bytes: Bytes? { content.map { Bytes(copying: $0) } }

    /// A string as text, where it is one.
    var text: String? { content.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether it is this string.
    func equals(text: StaticString) -> Bool {
        guard let content, content.count == text.utf8CodeUnitCount else { return false }
        return content.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether it is a string of these bytes.
    func equals(_ bytes: Bytes) -> Bool {
        guard let content, content.count == bytes.count else { return false }
        return bytes.withUnsafeBytes { $0.elementsEqual(content) }
    }

    /// Why the server refused, where it did.
    var refusal: RedisRefusal? {
        guard node.pointee.type == REDIS_REPLY_ERROR, let text = node.pointee.str else { return nil }
        let bytes = UnsafeRawBufferPointer(start: text, count: Int(node.pointee.len))
        return RedisRefusal(String(decoding: bytes, as: UTF8.self))
    }

    private var content: UnsafeRawBufferPointer? {
        guard node.pointee.type == REDIS_REPLY_STRING || node.pointee.type == REDIS_REPLY_STATUS else { return nil }
        return UnsafeRawBufferPointer(start: node.pointee.str, count: Int(node.pointee.len))
    }
}
