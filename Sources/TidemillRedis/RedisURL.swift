/// A server as one text: `redis://user:password@host:port/database`, `rediss://…` for the same with TLS, `unix:///path?db=1`.
struct RedisURL: Equatable {
    var address: RedisAddress
    var isEncrypted = false
    var user: String?
    var password: String?
    var database: Int?

    /// Why a text is none.
    struct Problem: Error, Equatable {
        let reason: String
    }

    init(_ text: String) throws(Problem) {
        guard let colon = text.firstRange(of: "://") else {
            throw Problem(reason: "no URL of a Redis server")
        }
        let rest = text[colon.upperBound...]
        switch text[..<colon.lowerBound].lowercased() {
        case "redis": self = try RedisURL(network: rest)
        case "rediss":
            self = try RedisURL(network: rest)
            isEncrypted = true
        case "unix": self = try RedisURL(socket: rest)
        case let scheme: throw Problem(reason: "no server of Redis is reached by \"\(scheme)\"")
        }
    }

    private init(network text: Substring) throws(Problem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var place = parts[0]
        if let at = place.lastIndex(of: "@") {
            let login = place[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.decoded(login[0])
            if user?.isEmpty ?? true { user = nil }
            password = login.count > 1 ? try Self.decoded(login[1]) : nil
            place = place[place.index(after: at)...]
        }
        address = try Self.address(place)
        if parts.count > 1, !parts[1].isEmpty { database = try Self.database(parts[1]) }
    }

    private init(socket text: Substring) throws(Problem) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].hasPrefix("/") else { throw Problem(reason: "the path of a socket begins with \"/\"") }
        address = .socket(path: try Self.decoded(parts[0]))
        guard parts.count > 1 else { return }
        guard parts[1].hasPrefix("db=") else { throw Problem(reason: "behind \"?\" only \"db\" is known") }
        database = try Self.database(parts[1].dropFirst(3))
    }

    private static func address(_ text: Substring) throws(Problem) -> RedisAddress {
        var host = text
        var port: UInt16 = 6379
        let end = text.last == "]" ? nil : text.lastIndex(of: ":")
        if let end {
            guard let number = UInt16(text[text.index(after: end)...]), number > 0 else {
                throw Problem(reason: "\"\(text[text.index(after: end)...])\" is no port")
            }
            port = number
            host = text[..<end]
        }
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw Problem(reason: "the host is missing") }
        return .network(host: try decoded(host), port: port)
    }

    private static func database(_ text: Substring) throws(Problem) -> Int {
        guard let number = Int(text), number >= 0 else { throw Problem(reason: "\"\(text)\" is no database's number") }
        return number
    }

    /// The text with its `%XX` as the bytes that they stand for.
    private static func decoded(_ text: Substring) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
                throw Problem(reason: "a \"%\" is followed by two hexadecimal digits")
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
