import CNATS
import TidemillBroker

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where a server is, and who we are there.
public struct NATSEndpoint: Hashable, Sendable {
    /// How we say who we are.
    public enum Credentials: Hashable, Sendable {
        /// The server asks nobody, or the address has a name and a password in it.
        case none
        /// A name and a password.
        case user(String, password: String)
        /// A token.
        case token(String)
        /// A file with a JWT and a seed, as `nsc` writes it.
        case file(String)
        /// A public key of the user's and the file that has its seed.
        case nkey(publicKey: String, seedFile: String)
    }

    /// The addresses of the servers of one cluster: `nats://host:4222`.
    public var urls: [String]
    /// How we say who we are.
    public var credentials = Credentials.none
    /// How the connection is encrypted; nil: as the address says.
    public var tls: BrokerTLS?
    /// What the server calls this connection in its reports.
    public var name = "tidemill"

    /// An endpoint that asks for no credentials.
    public init(urls: [String]) { self.urls = urls }

    /// The addresses without the passwords that may be in them.
    var description: String {
        urls.map { url in
            guard let at = url.lastIndex(of: "@") else { return url }
            return String(Self.split(url).scheme + url[url.index(after: at)...])
        }.joined(separator: ", ")
    }
}

extension NATSEndpoint {
    /// `nats://` and what comes behind it.
    private static func split(_ url: String) -> (scheme: Substring, rest: Substring) {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return ("", url[...]) }
        let end = url.index(colon, offsetBy: 3)
        return (url[..<end], url[end...])
    }

    /// The host of the first address, for the certificate.
    private var host: String? {
        guard let url = urls.first else { return nil }
        var rest = Self.split(url).rest
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        if rest.first == "[" { return rest.dropFirst().prefix { $0 != "]" }.description }
        return String(rest.prefix { $0 != ":" && $0 != "/" })
    }

    /// Calls `body` with the library's options for this endpoint; files are read when it connects.
    func withOptions<Result>(_ body: (OpaquePointer?) throws -> Result) throws -> Result {
        var options: OpaquePointer?
        try check(natsOptions_Create(&options))
        defer { natsOptions_Destroy(options) }
        try setAddresses(options)
        try setLimits(options)
        try setCredentials(options)
        if let tls { try set(tls, options) }
        return try body(options)
    }

    private func setAddresses(_ options: OpaquePointer?) throws {
        var servers = urls.map { UnsafePointer(strdup($0)) }
        defer { for server in servers { free(UnsafeMutablePointer(mutating: server)) } }
        try check(natsOptions_SetServers(options, &servers, Int32(servers.count)))
        try check(natsOptions_SetName(options, name))
    }

    private func setLimits(_ options: OpaquePointer?) throws {
        // The source and the sink connect anew themselves: a lost connection has to show at once.
        try check(natsOptions_SetAllowReconnect(options, false))
        try check(natsOptions_SetTimeout(options, NATSTimes.connect))
        try check(natsOptions_SetWriteDeadline(options, NATSTimes.request))
        try check(natsOptions_SetPingInterval(options, NATSTimes.ping))
        try check(natsOptions_SetMaxPingsOut(options, 2))
    }

    private func setCredentials(_ options: OpaquePointer?) throws {
        switch credentials {
        case .none: break
        case .user(let name, let password): try check(natsOptions_SetUserInfo(options, name, password))
        case .token(let token): try check(natsOptions_SetToken(options, token))
        case .file(let path):
            try readable(path, "credentials")
            try check(natsOptions_SetUserCredentialsFromFiles(options, path, nil))
        case .nkey(let publicKey, let seedFile):
            try readable(seedFile, "nkey/seed_file")
            try check(natsOptions_SetNKeyFromSeed(options, publicKey, seedFile))
        }
    }

    private func set(_ tls: BrokerTLS, _ options: OpaquePointer?) throws {
        try check(natsOptions_SetSecure(options, true))
        if let path = tls.authorities {
            try readable(path, "tls/ca")
            try check(natsOptions_LoadCATrustedCertificates(options, path))
        }
        if let certificate = tls.certificate, let key = tls.key {
            try readable(certificate, "tls/certificate")
            try readable(key, "tls/key")
            try check(natsOptions_LoadCertificatesChain(options, certificate, key))
        }
        guard !tls.isInsecure else { return try check(natsOptions_SkipServerVerification(options, true)) }
        // Without it the library takes any certificate that the authority has signed, whoever's it is.
        if let name = tls.serverName ?? host { try check(natsOptions_SetExpectedHostname(options, name)) }
    }

    /// The library's own errors about files don't say which file it is.
    private func readable(_ path: String, _ field: String) throws {
        guard access(path, R_OK) != 0 else { return }
        let reason = String(cString: strerror(errno))
        throw BrokerError(.misconfigured, "can't read \(path), the file that `\(field)` names: \(reason)")
    }
}

/// How long the library waits for a server, in milliseconds.
enum NATSTimes {
    /// For the connection itself.
    static let connect: Int64 = 5_000
    /// For an answer to a request, and until what was written is on its way.
    static let request: Int64 = 5_000
    /// Between two signs of life; a server that owes three is gone.
    static let ping: Int64 = 5_000
    /// How long a call waits that has to notice when it is woken, or that the connection is lost.
    static let slice: Int64 = 100
}
