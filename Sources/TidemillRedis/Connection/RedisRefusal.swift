import TidemillBroker

/// An error that a server answered with.
struct RedisRefusal: Error, Hashable {
    /// The word that it begins with, such as `NOGROUP`.
    let code: String
    /// All of it, as the server wrote it.
    let message: String

    init(_ message: String) {
        self.message = message
        let code = message.prefix { $0 != " " }
        // Servers before 7 wrap what a command in a script answered.
        let isWrapped = code == "ERR" && message.contains("script")
        let inner = isWrapped ? Self.codes.first { message.contains(" \($0) ") } : nil
        self.code = inner ?? String(code)
    }

    private static let codes = ["NOGROUP", "WRONGTYPE", "OOM", "READONLY", "NOPERM"]

    /// Whether it is about the one command, and another might well be carried out.
    var isOfTheCommand: Bool { kind == nil }

    /// What it means for the connection; nil for an error of the command itself.
    private var kind: (kind: BrokerError.Kind, advice: String)? {
        switch code {
        case "NOAUTH", "WRONGPASS": (.refused, "set \"user\" and \"password\" to what the server knows")
        case "NOPERM": (.refused, "the user's rights (ACL) lack what Tidemill needs")
        case "LOADING": (.unreachable, "it is loading its data; wait until it has")
        case "READONLY": (.unreachable, "it is a replica, or became one; name the primary")
        case "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN": (.unreachable, "it lacks servers that it needs")
        case "OOM": (.unreachable, "it has reached its \"maxmemory\"; make room, or trim the stream by \"max_length\"")
        case "BUSY", "UNKILLABLE": (.unreachable, "a script holds it up")
        case "MISCONF": (.unreachable, "it can't write its data to disk, and takes none before it can")
        case "NOGROUP": (.unreachable, "the stream or its group was removed; the group is made anew")
        case "MOVED", "ASK", "CROSSSLOT":
            (.misconfigured, "it is part of a cluster, which is not supported: name a server that stands alone")
        case "WRONGTYPE": (.misconfigured, "the key is there and is no stream; name another")
        case "NOPROTO": (.misconfigured, "Redis 6.2 or later is needed")
        default:
            if message.contains("unknown command") {
                (.misconfigured, "Redis 6.2 or later is needed")
            } else if message.contains("max number of clients") {
                (.unreachable, "raise its \"maxclients\"")
            } else if message.contains("AUTH") {
                (.refused, "leave \"password\" out, or give the server's user one")
            } else {
                nil
            }
        }
    }

    /// The error of a client that was doing something.
    func error(_ server: RedisServer, _ doing: String) -> BrokerError {
        let kind = kind
        let advice = kind.map { ": \($0.advice)" } ?? ""
        return BrokerError(kind?.kind ?? .misconfigured, "\(server.name): \(doing): \(message)\(advice)")
    }
}
