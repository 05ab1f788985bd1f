import Foundation
import TestSupport
import Testing
import TidemillTesting

@testable import TidemillNATS

/// Three programs on one consumer, and nothing around them stays up.
///
/// What is promised: every message has its effect at least once, whoever is killed. Effects that are not a message's
/// first have two causes. A consumer that is killed leaves messages whose effects are written and not yet acknowledged,
/// at most as many as it holds. A server that is killed forgets the acknowledgements of its last moments: it writes its
/// consumers' state at most every 100 ms or so, and its messages are in files, though not synced (a machine that loses
/// power may lose messages that it confirmed; one whose server is killed does not). Order by key holds for one program
/// with `order: key` as long as no message is delivered twice, which is what the second test has.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ChaosTests {
    private struct Run {
        let messages: ChaosMessages
        let fleet: ConsumerFleet
        let pipeline: FleetPipeline

        /// Waits for the end of the backlog and of the programs, and says what the effects were.
        func finish(_ admin: () throws -> JetStreamAdmin) async throws -> Effects.Comparison {
            try await eventually("no backlog", within: .seconds(120)) {
                guard let standing = try? admin().standing() else { return false }
                return standing.backlog == 0
            }
            for result in await fleet.stop() {
                // One that was started anew while the cluster had no leader has given up, for its supervisor to start.
                let hasNotBegun = result.count("taken") == 0 && result.errors.contains("the broker can't be reached")
                #expect(result.hasStopped || hasNotBegun, "\(result)")
            }
            return fleet.effects().comparison(with: messages.lines)
        }
    }

    private func begin(_ servers: [JetStreamServer], _ pipeline: FleetPipeline, programs: Int, in folder: Folder) throws
        -> Run
    {
        let messages = ChaosMessages(count: ChaosMessages.count)
        let admin = try servers[0].admin
        try admin.addStream("S", ["s.>"], replicas: pipeline.replicas)
        try messages.publish(to: admin)
        let fleet = try pipeline.fleet(programs, in: folder)
        try fleet.start()
        return Run(messages: messages, fleet: fleet, pipeline: pipeline)
    }

    @Test func nothingIsLostWhoeverIsKilled() async throws {
        let server = try await JetStreamServer.start()
        let folder = try Folder()
        let run = try begin([server], FleetPipeline(urls: [server.url]), programs: 3, in: folder)
        var random = SeededRandom(seed: 7)
        let killServer = Disturbances.Event("the server's death") { try await server.server.restart(signal: SIGKILL) }
        let restart = Disturbances.Event("a restart") { try await server.server.restart() }
        var events = [killServer, restart]
        for _ in 0..<6 {
            let victim = Int.random(in: 0..<3, using: &random)
            events.append(Disturbances.Event("the death of \(victim)") { try await run.fleet.kill(victim) })
        }
        events.shuffle(using: &random)
        try await Disturbances(events).happen(to: run.fleet, total: run.messages.bytes, within: .seconds(120))
        let result = try await run.finish { try server.admin }
        #expect(result.missing == [])
        #expect(result.strange == [])
        let held = run.fleet.kills * run.pipeline.prefetch
        print(
            "chaos: \(run.messages.count) messages, \(run.fleet.kills) consumers killed, server killed and restarted:",
            terminator: " "
        )
        print("\(result.duplicates) effects more than once; \(held) were held at most when consumers were killed")
        #expect(result.duplicates <= held + run.messages.count / 4)
    }

    @Test func theOrderOfAKeyHoldsThroughARestart() async throws {
        let server = try await JetStreamServer.start()
        let folder = try Folder()
        let pipeline = FleetPipeline(urls: [server.url], ackWait: "60s", workers: 4, order: "key")
        let run = try begin([server], pipeline, programs: 1, in: folder)
        let restart = Disturbances.Event("a restart") { try await server.server.restart() }
        let total = run.messages.bytes
        try await Disturbances([restart, restart]).happen(to: run.fleet, total: total, within: .seconds(120))
        let result = try await run.finish { try server.admin }
        #expect(result.missing == [] && result.strange == [])
        #expect(ChaosMessages.firstsInOrder(run.fleet.effects().byProgram[0]))
        print("order: \(result.duplicates) effects more than once after two restarts of the server")
    }

    @Test func aClusterThatLosesANodeLosesNothing() async throws {
        let servers = try await JetStreamCluster.start(3)
        let folder = try Folder()
        let pipeline = FleetPipeline(urls: servers.map(\.url), replicas: 3)
        let run = try begin(servers, pipeline, programs: 3, in: folder)
        let events = [
            Disturbances.Event("the death of a node") { try await servers[0].server.restart(signal: SIGKILL) },
            Disturbances.Event("the death of 1") { try await run.fleet.kill(1) },
            Disturbances.Event("the death of another node") { try await servers[1].server.restart(signal: SIGKILL) },
            Disturbances.Event("the death of 2") { try await run.fleet.kill(2) },
        ]
        try await Disturbances(events).happen(to: run.fleet, total: run.messages.bytes, within: .seconds(120))
        let result = try await run.finish { try servers[2].admin }
        #expect(result.missing == [])
        #expect(result.strange == [])
        print("cluster: \(result.duplicates) effects more than once after two nodes and two consumers were killed")
    }
}

/// Three servers that keep streams together.
enum JetStreamCluster {
    static func start(_ count: Int) async throws -> [JetStreamServer] {
        let ports = try (0..<count).map { _ in try LoopbackServer.freePort() }
        let routes = ports.map { "nats://127.0.0.1:\($0)" }.joined(separator: ", ")
        let servers = try ports.enumerated().map { number, port in
            let cluster = "cluster { name: tidemill, listen: \"127.0.0.1:\(port)\", routes: [\(routes)] }"
            return try JetStreamServer("server_name: n\(number)\n\(cluster)")
        }
        for server in servers { try await server.server.start() }
        try await eventually("the cluster has a leader") {
            guard let admin = try? servers[0].admin else { return false }
            return (try? admin.addStream("probe", ["probe"], replicas: 3)) != nil
        }
        return servers
    }
}
