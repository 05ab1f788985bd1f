public import TidemillBroker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Redis server and how to be let in.
public struct RedisServer: Sendable {
    /// Where it listens.
    public var address: RedisAddress
    /// Who to be; nil is the server's default user.
    public var user: String?
    /// The password; nil is none.
    public var password: String?
    /// A file that has the password and is read for each connection, in place of ``password``.
    public var passwordFile: String?
    /// How the connection is encrypted; nil is not at all.
    public var tls: BrokerTLS?
    /// Which of its databases.
    public var database = 0
    /// What the server lists the connections as; nil is no name.
    public var clientName: String? = "tidemill"
    /// How long it may take to connect, and to answer.
    public var timeout = Duration.seconds(10)

    /// A server, by default without a password.
    public init(_ address: RedisAddress) { self.address = address }

    /// The server as messages name it.
    var name: String { "redis at \(address)" }

    /// The name or address that a certificate is to have; nil for a socket in the file system.
    var host: String? { if case .network(let host, _) = address { host } else { nil } }

    /// What to say to be let in; nil where nothing is needed.
    func credentials() throws(BrokerError) -> RedisCommand? {
        guard let password = try currentPassword() else { return nil }
        return user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password)
    }

    private func currentPassword() throws(BrokerError) -> String? {
        guard let passwordFile else { return password }
        do {
            var text = try String(contentsOfFile: passwordFile, encoding: .utf8)
            while text.last?.isNewline == true { text.removeLast() }
            return text
        } catch {
            throw BrokerError(.misconfigured, "\(name): the password can't be read from \(passwordFile): \(error)")
        }
    }
}
