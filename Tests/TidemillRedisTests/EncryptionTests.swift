import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillRedis

/// A server that talks TLS only.
@Suite(.ownThreads, .timeLimit(.minutes(5))) struct EncryptionTests {
    private func start(subjectName: String = "IP:127.0.0.1", asksForCertificates: Bool = false) async throws
        -> LoopbackServer
    {
        let files =
            "--tls-cert-file {folder}/server.pem --tls-key-file {folder}/server.key --tls-ca-cert-file {folder}/ca.pem"
        let rest = "--port 0 --tls-port {port} --bind 127.0.0.1 --dir {folder} --tls-auth-clients"
        let words = "\(rest) \(asksForCertificates ? "yes" : "no") \(files)".split(separator: " ").map(String.init)
        let process = try LoopbackServer(
            "redis-server",
            words + ["--save", ""],
            ready: "Ready to accept connections",
            logsToErrors: false
        )
        try await process.folder.makeAuthority("ca")
        try await process.folder.makeAuthority("stranger")
        try await process.folder.makeCertificate("server", subjectName: subjectName)
        try await process.folder.makeCertificate("client", subjectName: "DNS:client")
        try await process.start()
        return process
    }

    private func server(_ process: LoopbackServer, authority: String? = "ca") -> RedisServer {
        var server = RedisServer(.network(host: "127.0.0.1", port: process.port))
        var tls = BrokerTLS()
        tls.authorities = authority.map { process.folder.file("\($0).pem").path }
        server.tls = tls
        return server
    }

    private func problem(_ server: RedisServer) -> BrokerError? {
        do {
            _ = try RedisConnection(to: server).ask(RedisCommand("PING"), "asking")
            return nil
        } catch {
            return error
        }
    }

    @Test func commandsAndRepliesOfAllSizesGoThrough() async throws {
        let process = try await start()
        let connection = try RedisConnection(to: server(process))
        for size in [0, 1, 16_383, 16_384, 16_385, 100_000, 5_000_000] {
            let text = String(repeating: "x", count: size)
            try connection.ask(RedisCommand("SET", "k", text), "setting")
            #expect(try connection.ask(RedisCommand("GET", "k"), "getting").text?.utf8.count == size)
        }
    }

    /// Neither side reads what it has no room for: both would wait for ever if one only wrote.
    @Test func manyCommandsWithLargeRepliesGoThrough() async throws {
        let process = try await start()
        let connection = try RedisConnection(to: server(process))
        try connection.ask(RedisCommand("SET", "k", String(repeating: "x", count: 50_000)), "setting")
        let command = RedisCommand("ECHO", String(repeating: "y", count: 50_000))
        let replies = try connection.answers(to: [RedisCommand](repeating: command, count: 400))
        #expect(replies.allSatisfy { $0.text?.utf8.count == 50_000 })
    }

    @Test func aServerThatAStrangerSignedIsNotTrusted() async throws {
        let process = try await start()
        for authority in ["stranger", nil] {
            let error = try #require(problem(server(process, authority: authority)))
            #expect(error.kind == .refused && error.message.contains("certificate is not trusted"), "\(error)")
        }
        var careless = server(process, authority: "stranger")
        careless.tls?.isInsecure = true
        #expect(problem(careless) == nil)
    }

    @Test func theNameInTheCertificateMustBeTheServers() async throws {
        let process = try await start(subjectName: "DNS:redis.example")
        let error = try #require(problem(server(process)))
        #expect(error.kind == .refused && error.message.contains("mismatch"), "\(error)")
        var named = server(process)
        named.tls?.serverName = "redis.example"
        #expect(problem(named) == nil)
    }

    @Test func aServerMayAskForACertificate() async throws {
        let process = try await start(asksForCertificates: true)
        #expect(problem(server(process)) != nil)
        var known = server(process)
        known.tls?.certificate = process.folder.file("client.pem").path
        known.tls?.key = process.folder.file("client.key").path
        #expect(problem(known) == nil)
    }

    @Test func aFileThatIsMissingIsNamed() async throws {
        let process = try await start()
        let error = try #require(problem(server(process, authority: "missing")))
        #expect(
            error.kind == .misconfigured && error.message.contains("missing.pem, the file that `tls/ca` names"),
            "\(error)"
        )
    }

    @Test func aServerWithoutTLSIsSaidToHaveNone() async throws {
        let fixture = try await RedisFixture()
        var server = fixture.server
        server.tls = BrokerTLS()
        let error = try #require(problem(server))
        #expect(error.kind == .unreachable, "\(error)")
    }

    @Test func aPipelineConsumesOverIt() async throws {
        let process = try await start()
        let sink = RedisPublisher(RedisPublisherSettings(server(process), stream: "s"))
        let values = (0..<200).map { Value.integer($0) }
        let source = PipelineNode.source("in", ScriptedSource(values: values))
        _ = try await runPipeline([source, .sink("out", BrokerSink(sink))])
        let collected = CollectingSink()
        let consumer = RedisConsumer(RedisConsumerSettings(server(process), stream: "s", group: "g"))
        _ = try await runPipeline([.source("in", BrokerSource(consumer)), .sink("out", collected)]) { pipeline in
            await collected.collected(200)
            pipeline.drain()
        }
        #expect(collected.values == values)
    }
}
