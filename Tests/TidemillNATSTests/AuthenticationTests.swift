import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillNATS

/// Logging in, with each way that there is, rightly and wrongly.
@Suite(.timeLimit(.minutes(2)))
struct AuthenticationTests {
    private func connect(_ server: JetStreamServer, _ credentials: NATSEndpoint.Credentials) async throws {
        let consumer = server.consumer { $0.endpoint.credentials = credentials }
        try await consumer.connect()
        #expect(try await consumer.isQuiet(for: .milliseconds(1)))
        await consumer.disconnect()
    }

    private func expectRefused(_ server: JetStreamServer, _ credentials: NATSEndpoint.Credentials) async throws {
        let error = try await problem { try await connect(server, credentials) }
        #expect(error.kind == .refused)
        #expect(error.message.contains("refuses the credentials"), "\(error.message)")
    }

    @Test func aNameAndAPassword() async throws {
        let server = try await JetStreamServer.start("authorization { user: ann, password: \"s3cret\" }")
        try await connect(server, .user("ann", password: "s3cret"))
        try await expectRefused(server, .user("ann", password: "wrong"))
        try await expectRefused(server, .none)
    }

    @Test func aNameAndAPasswordInTheAddressWhichMessagesDontShow() async throws {
        let settings = "authorization { user: ann, password: \"s3cret\" }"
        let server = try await JetStreamServer.start(settings, userInfo: "ann:s3cret@")
        try await connect(server, .none)
        await server.server.stop()
        let error = try await problem { try await connect(server, .none) }
        #expect(!error.message.contains("s3cret") && error.message.contains("nats://127.0.0.1"))
    }

    @Test func aToken() async throws {
        let server = try await JetStreamServer.start("authorization { token: \"t0ken\" }")
        try await connect(server, .token("t0ken"))
        try await expectRefused(server, .token("wrong"))
    }

    @Test func aKey() async throws {
        let folder = try Folder()
        let (key, other) = (try await NKey(in: folder), try await NKey(in: folder))
        let server = try await JetStreamServer.start("authorization { users = [ { nkey: \(key.publicKey) } ] }")
        try folder.write(key.seed, to: "seed")
        let path = folder.file("seed").path
        try await connect(server, .nkey(publicKey: key.publicKey, seedFile: path))
        // The file is read anew for each connection.
        try folder.write(other.seed, to: "seed")
        try await expectRefused(server, .nkey(publicKey: key.publicKey, seedFile: path))
    }

    @Test func aCredentialsFile() async throws {
        let folder = try Folder()
        let account = try await NKey(.account, in: folder)
        let (user, stranger) = (try await NKey(in: folder), try await NKey(.account, in: folder))
        let server = try await JetStreamServer.start(try await trusting(account, folder))
        let credentials = NATSEndpoint.Credentials.file(folder.file("user.creds").path)
        try await writeCredentials(of: user, from: account, to: folder)
        try await connect(server, credentials)
        try await writeCredentials(of: user, from: stranger, to: folder)
        try await expectRefused(server, credentials)
    }

    /// The settings of a server that knows an account, and another of its own.
    private func trusting(_ account: NKey, _ folder: Folder) async throws -> String {
        let root = try await NKey(.operator, in: folder)
        let own = try await NKey(.account, in: folder)
        let common =
            #""type":"account","limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"#
            + #""wildcards":true,"conn":-1,"leaf":-1"#
        let storage = #","mem_storage":-1,"disk_storage":-1,"streams":-1,"consumer":-1"#
        let known = [
            (account.publicKey, try await root.token(for: account.publicKey, common + storage + "}")),
            (own.publicKey, try await root.token(for: own.publicKey, common + "}")),
        ]
        let trust = try await root.token(for: root.publicKey, #""type":"operator""#)
        let preload = known.map { "\($0): \($1)" }.joined(separator: "\n")
        let system = "system_account: \(own.publicKey)"
        return "operator: \(trust)\n\(system)\nresolver: MEMORY\nresolver_preload: {\n\(preload)\n}"
    }

    private func writeCredentials(of user: NKey, from account: NKey, to folder: Folder) async throws {
        let token = try await account.token(for: user.publicKey, #""type":"user","subs":-1,"data":-1,"payload":-1"#)
        let blocks = [("NATS USER JWT", token), ("USER NKEY SEED", user.seed)].map { name, text in
            "-----BEGIN \(name)-----\n\(text)\n------END \(name)------\n"
        }
        try folder.write(blocks.joined(separator: "\n"), to: "user.creds")
    }

    @Test func aFileThatIsNotThereIsNamed() async throws {
        let server = try await JetStreamServer.start()
        let error = try await problem { try await connect(server, .file("/nowhere/a.creds")) }
        #expect(error.kind == .misconfigured)
        #expect(error.message.contains("/nowhere/a.creds") && error.message.contains("`credentials`"))
    }

    @Test func withoutPermissionTheConsumerIsRefused() async throws {
        let server = try await JetStreamServer.start(
            #"""
            authorization { users = [
              { user: ann, password: a, permissions: { publish: "x.>", subscribe: ">" } }
            ] }
            """#
        )
        let error = try await problem { try await connect(server, .user("ann", password: "a")) }
        #expect(error.kind != .unreachable || error.message.contains("find the stream"), "\(error.message)")
    }
}

/// Encrypted connections, with certificates made here.
@Suite(.timeLimit(.minutes(2)))
struct TLSTests {
    private static let settings = """
        tls {
          cert_file: "{folder}/server.pem"
          key_file: "{folder}/server.key"
          ca_file: "{folder}/ca.pem"
          verify: VERIFY
        }
        """

    private func server(verify: Bool = false, name: String = "IP:127.0.0.1") async throws -> JetStreamServer {
        let settings = Self.settings.replacingOccurrences(of: "VERIFY", with: "\(verify)")
        let server = try JetStreamServer(settings)
        let folder = server.server.folder
        try await folder.makeAuthority("ca")
        try await folder.makeAuthority("stranger")
        try await folder.makeCertificate("server", subjectName: name)
        try await folder.makeCertificate("client", subjectName: "DNS:client")
        try await server.server.start()
        return server
    }

    private func connect(_ server: JetStreamServer, _ change: (inout BrokerTLS) -> Void) async throws {
        var tls = BrokerTLS()
        change(&tls)
        try await server.consumer { $0.endpoint.tls = tls }.connect()
    }

    @Test func aServerWhoseCertificateIsSignedIsTrusted() async throws {
        let server = try await server()
        try await connect(server) { $0.authorities = server.server.folder.file("ca.pem").path }
    }

    @Test func aServerWhoseCertificateASrangerSignedIsNot() async throws {
        let server = try await server()
        let error = try await problem {
            try await connect(server) { $0.authorities = server.server.folder.file("stranger.pem").path }
        }
        #expect(error.kind == .refused, "\(error.message)")
        try await connect(server) { $0.isInsecure = true }
    }

    @Test func aCertificateForAnotherHostIsRefused() async throws {
        let server = try await server(name: "DNS:elsewhere.example")
        let path = server.server.folder.file("ca.pem").path
        let error = try await problem { try await connect(server) { $0.authorities = path } }
        #expect(error.kind == .refused, "\(error.message)")
        try await connect(server) { ($0.authorities, $0.serverName) = (path, "elsewhere.example") }
    }

    @Test func aCertificateOfOurOwnIsShown() async throws {
        let server = try await server(verify: true)
        let folder = server.server.folder
        try await connect(server) {
            $0.authorities = folder.file("ca.pem").path
            ($0.certificate, $0.key) = (folder.file("client.pem").path, folder.file("client.key").path)
        }
        let error = try await problem { try await connect(server) { $0.authorities = folder.file("ca.pem").path } }
        #expect(!error.message.isEmpty)
    }

    @Test func aServerThatWantsTLSSaysSo() async throws {
        let server = try await server()
        let error = try await problem { try await server.consumer().connect() }
        #expect(error.message.contains("TLS") || error.message.contains("certificate"), "\(error.message)")
    }
}
