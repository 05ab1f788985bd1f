/// Where a Redis server listens.
public enum RedisAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host, by name or address, and a port.
    case network(host: String, port: UInt16)
    /// A socket in the file system.
    case socket(path: String)

    /// The address as messages name it.
    public var description: String {
        switch self {
        case .network(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }
}
