/// Why an image, or an operation on one, gave no result.
public struct ImageError: Error, Hashable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public enum Kind: String, Sendable {
        /// The image library is missing or too old.
        case unavailable
        /// An operation was called in a way it can't be.
        case argument
        /// The bytes are no image, none of an allowed format, or damaged.
        case input
        /// A limit would be exceeded.
        case limit
        /// The call was asked to stop.
        case stopped
        /// The operation failed otherwise.
        case failed
    }

    /// What kind of thing went wrong.
    public let kind: Kind
    /// What went wrong, and where there is something to do about it, what.
    public let reason: String

    /// An error of a kind, with its reason.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}
