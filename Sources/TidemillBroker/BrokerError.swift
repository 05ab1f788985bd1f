/// Why a broker can't be used, and whether to try again.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What sort of trouble it is.
    public enum Kind: Hashable, Sendable {
        /// The broker is not there, or stopped answering.
        case unreachable
        /// The broker won't have us: wrong or expired credentials, no permission.
        case refused
        /// What the configuration names is not there, or is not what it says.
        case misconfigured
    }

    /// What sort of trouble it is.
    public let kind: Kind
    /// What went wrong, for a person: where, what, and the way out.
    public let message: String

    /// An error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What went wrong.
    public var description: String { message }
}
