import Synchronization
import Tidemill
import TidemillBroker

/// The connection that leases end and are extended by, while the other one waits for messages.
final class LeaseKeeper {
    private let settings: RedisConsumerSettings
    private let connection: RedisConnection
    let scripts: LeaseScripts
    /// What the server calls the connection that waits; nil where it doesn't say.
    private let readingClient: Int?
    private var nextSweep = ContinuousClock.now

    init(
        _ settings: RedisConsumerSettings,
        _ connection: RedisConnection,
        _ scripts: LeaseScripts,
        readingAs client: Int?
    ) {
        self.settings = settings
        self.connection = connection
        self.scripts = scripts
        readingClient = client
    }

    // MARK: Endings

    /// Ends leases; all commands are on their way before the first reply is waited for.
    func settle(
        _ endings: [LeaseEnding<RedisLease>],
        _ redeliveries: borrowing Mutex<Redeliveries>,
        at now: Duration
    ) throws(BrokerError) {
        var steps = Steps()
        var done: [String] = []
        var back: [(entry: RedisLease, idle: Duration, deliveries: Int)] = []
        var givenUp: [(entry: RedisLease, reason: String)] = []
        for ending in endings {
            let lease = ending.lease
            switch ending.verdict {
            case .done: done.append(lease.entry)
            case .release: back.append((lease, settings.longIdle, lease.delivery - 1))
            case .again(let pause, _):
                let idle = redeliveries.withLock { $0.add(lease, pause: pause, at: now) }
                back.append((lease, idle, lease.delivery))
            case .giveUp(let reason): givenUp.append((lease, reason))
            }
        }
        steps.add(acknowledgements(done))
        steps.add(settings.giveBack(back, scripts.giveBack), scripts.giveBack)
        steps.add(settings.giveUp(givenUp, scripts.giveUp), scripts.giveUp)
        if !back.isEmpty, let unblocking { steps.add([unblocking]) }
        try steps.run(on: connection, "ending leases of the stream \(settings.stream)")
        if ContinuousClock.now > nextSweep { try sweep() }
    }

    private func acknowledgements(_ entries: [String]) -> [RedisCommand] {
        entries.chunks(of: 1_000).flatMap { entries -> [RedisCommand] in
            var acknowledge = RedisCommand("XACK", settings.stream, settings.group)
            for entry in entries { acknowledge.append(entry) }
            guard settings.deletes else { return [acknowledge] }
            var delete = RedisCommand("XDEL", settings.stream)
            for entry in entries { delete.append(entry) }
            return [acknowledge, delete]
        }
    }

    /// Ends the other connection's wait in the server: what was given back may be due before it would end.
    private var unblocking: RedisCommand? { readingClient.map { RedisCommand("CLIENT", "UNBLOCK", String($0)) } }

    /// Ends the other connection's wait in the server, where the server let it be known by its number.
    func unblock() throws(BrokerError) {
        if let unblocking { _ = try connection.answer(to: unblocking) }
    }

    // MARK: Extensions

    /// Makes leases last; answers with the places of those that are lost.
    func extend(_ leases: [RedisLease]) throws(BrokerError) -> [Int] {
        let size = 200
        let calls = leases.chunks(of: size).map { leases in
            var call = scripts.extend.call(settings.stream)
            call.append(settings.group)
            call.append(settings.consumer)
            for lease in leases {
                call.append(lease.entry)
                call.append(lease.delivery)
            }
            return call
        }
        let replies = try scripts.extend.run(calls, on: connection)
        return replies.enumerated().flatMap { chunk, reply in
            reply.elements.compactMap { $0.integer.map { chunk * size + $0 } }
        }
    }

    /// Sets the idle times of entries that wait for longer than a lease.
    func renew(_ renewals: [(entry: RedisLease, idle: Duration)]) throws(BrokerError) {
        let calls = settings.giveBack(renewals.map { ($0.entry, $0.idle, $0.entry.delivery) }, scripts.giveBack)
        _ = try scripts.giveBack.run(calls, on: connection)
    }

    // MARK: Consumers

    /// Removes consumers that are away for long and have nothing pending.
    func sweep() throws(BrokerError) {
        nextSweep = .now + settings.removesConsumersAfter / 2
        var call = scripts.sweep.call(settings.stream)
        for word in [settings.group, settings.consumer] { call.append(word) }
        call.append(settings.removesConsumersAfter.wholeMilliseconds)
        _ = try scripts.sweep.run([call], on: connection)
    }

    /// Removes this consumer if it has nothing pending.
    func leave() throws(BrokerError) {
        var call = scripts.leave.call(settings.stream)
        for word in [settings.group, settings.consumer] { call.append(word) }
        _ = try scripts.leave.run([call], on: connection)
    }
}

/// Commands that go out together, some of which are calls of scripts that the server may have forgotten.
private struct Steps {
    private var commands: [RedisCommand] = []
    private var scripts: [RedisScript?] = []

    mutating func add(_ commands: [RedisCommand], _ script: RedisScript? = nil) {
        self.commands += commands
        scripts += Array(repeating: script, count: commands.count)
    }

    func run(on connection: RedisConnection, _ doing: String) throws(BrokerError) {
        var replies = try connection.answers(to: commands)
        for index in replies.indices where RedisScript.isForgotten(replies[index]) {
            try scripts[index]?.reload(on: connection)
            replies[index] = try connection.answer(to: commands[index])
        }
        for reply in replies {
            if let refusal = reply.refusal { throw refusal.error(connection.server, doing) }
        }
    }
}

extension RedisConsumerSettings {
    /// An idle time that lets everybody claim an entry, whatever lease they have.
    var longIdle: Duration { lease + .seconds(86_400) }

    /// Calls that set idle times and numbers of deliveries.
    func giveBack(
        _ entries: [(entry: RedisLease, idle: Duration, deliveries: Int)],
        _ script: RedisScript
    ) -> [RedisCommand] {
        entries.chunks(of: 100).map { entries in
            var call = script.call(stream)
            for word in [group, consumer] { call.append(word) }
            for (lease, idle, deliveries) in entries {
                call.append(lease.entry)
                call.append(lease.delivery)
                call.append(idle.wholeMilliseconds)
                call.append(deliveries)
            }
            return call
        }
    }

    /// Calls that move entries to the dead letters.
    func giveUp(_ entries: [(entry: RedisLease, reason: String)], _ script: RedisScript) -> [RedisCommand] {
        entries.chunks(of: 50).map { entries in
            var call = script.call(stream, deadLetters)
            for word in [group, consumer, deletes ? "1" : "0"] { call.append(word) }
            for (lease, reason) in entries {
                call.append(lease.entry)
                call.append(lease.delivery)
                call.append(reason)
            }
            return call
        }
    }
}

extension Array {
    /// The elements in slices of a size; the last may be shorter.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
