import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker
import TidemillTesting

@testable import TidemillRedis

/// Three programs in one group, and nothing around them stays up.
///
/// What is promised: every message has its effect at least once, whoever is killed, as long as the server keeps what
/// it confirmed (`appendonly`, and `appendfsync always` against the loss of power). Effects that are not a message's
/// first come from consumers that are killed with messages whose effects are written and not acknowledged yet: at most
/// as many as they hold. A server that goes away adds none as long as it is back before leases run out: they survive,
/// and an acknowledgement that is repeated does no harm. On a machine that is slower than that, each absence adds at
/// most what all consumers hold. Order by key holds in one program with `order: key` as long as no message comes twice.
@Suite(.serialized, .ownThreads, .timeLimit(.minutes(10)))
struct ChaosTests {
    private static let durable = ["--appendonly", "yes", "--appendfsync", "everysec"]

    private func publish(_ messages: ChaosMessages, _ redis: RedisFixture) async throws {
        let publisher = try await redis.publisher()
        let outgoing = messages.lines.map { OutgoingMessage($0, id: $0, key: String($0.prefix(3))) }
        #expect(try await publisher.publish(outgoing).isEmpty)
        try redis.ask("XGROUP", "CREATE", redis.stream, redis.group, "0")
    }

    /// What the group has not read, and what it has pending.
    private func backlog(_ redis: RedisFixture) throws -> Int {
        let group = try redis.ask("XINFO", "GROUPS", redis.stream)[0]
        // A server that can't tell has a backlog.
        return (group?.value(of: "lag")?.integer ?? 1 << 32) + (group?.value(of: "pending")?.integer ?? 1 << 32)
    }

    private func finish(_ fleet: ConsumerFleet, _ redis: RedisFixture) async throws {
        try await eventually("no backlog", within: .seconds(180)) { (try? backlog(redis)) == 0 }
        for result in await fleet.stop() {
            // The others may be done before one that was killed has begun again: it doesn't listen to signals yet.
            #expect(result.hasStopped, "\(result)")
        }
    }

    /// The server is killed once and restarted once, and consumers are killed, in an order of their own.
    private func disturbances(of fleet: ConsumerFleet, _ redis: RedisFixture, deaths: Int) -> [Disturbances.Event] {
        var random = SeededRandom(seed: 7)
        var events = [
            Disturbances.Event("the server's death") { try await redis.process.restart(signal: SIGKILL) },
            Disturbances.Event("a restart") { try await redis.process.restart() },
        ]
        for _ in 0..<deaths {
            let victim = Int.random(in: 0..<fleet.count, using: &random)
            events.append(Disturbances.Event("the death of \(victim)") { try await fleet.kill(victim) })
        }
        events.shuffle(using: &random)
        return events
    }

    @Test func nothingIsLostWhoeverIsKilled() async throws {
        let redis = try await RedisFixture(Self.durable)
        let messages = ChaosMessages(count: ChaosMessages.count)
        try await publish(messages, redis)
        let pipeline = FleetPipeline(port: redis.process.port)
        let fleet = try pipeline.fleet(3, in: try Folder())
        let start = ContinuousClock.now
        try fleet.start()
        let events = disturbances(of: fleet, redis, deaths: 5 + messages.count / 20_000)
        try await Disturbances(events).happen(to: fleet, total: messages.bytes, within: .seconds(120))
        try await finish(fleet, redis)
        let result = fleet.effects().comparison(with: messages.lines)
        #expect(result.missing == [])
        #expect(result.strange == [])
        let held = fleet.kills * pipeline.prefetch
        print("chaos: \(messages.count) messages, \(fleet.kills) consumers killed, the server twice:", terminator: " ")
        print("\(result.duplicates) effects twice, of \(held) that were held at most, in \(start.duration(to: .now))")
        #expect(result.duplicates <= held + 2 * fleet.count * pipeline.prefetch)
    }

    @Test func theOrderOfAKeyHoldsThroughRestarts() async throws {
        let redis = try await RedisFixture(Self.durable)
        let messages = ChaosMessages(count: ChaosMessages.count)
        try await publish(messages, redis)
        let pipeline = FleetPipeline(port: redis.process.port, lease: "60s", workers: 4, order: "key")
        let fleet = try pipeline.fleet(1, in: try Folder())
        try fleet.start()
        let restart = Disturbances.Event("a restart") { try await redis.process.restart() }
        try await Disturbances([restart, restart]).happen(to: fleet, total: messages.bytes, within: .seconds(120))
        try await finish(fleet, redis)
        let result = fleet.effects().comparison(with: messages.lines)
        #expect(result.missing == [] && result.strange == [])
        let isInOrder = ChaosMessages.firstsInOrder(fleet.effects().byProgram[0])
        #expect(isInOrder)
        print("order: \(result.duplicates) effects twice after two restarts of the server")
    }
}
