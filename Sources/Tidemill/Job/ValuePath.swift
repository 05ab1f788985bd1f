/// Where in a value something is: the names of the fields that lead there.
public struct ValuePath: Sendable, Hashable, CustomStringConvertible {
    /// The names, from the outermost.
    public let names: [String]

    /// A path written with dots between the names, as `user.id`.
    public init(_ text: String) {
        names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    /// As it was written.
    public var description: String { names.joined(separator: ".") }

    /// What the value has there, as a job's key: a string, or a number in decimal digits; nil where there is neither.
    public func key(in value: Value) -> Bytes? {
        var value = value
        for name in names {
            guard let next = value[name] else { return nil }
            value = next
        }
        return switch value {
        case .string(let bytes): bytes
        case .integer(let number): Bytes("\(number)")
        default: nil
        }
    }
}
