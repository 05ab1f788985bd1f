import Tidemill
import TidemillBroker

/// The connection that messages come over: new ones by `XREADGROUP`, those that are due again by `XAUTOCLAIM`.
final class StreamReader {
    /// Whether a question for new messages is under way, whose answer nobody waited for to the end.
    private(set) var isWaiting = false
    /// Whether the last wait ended because somebody set the signal.
    private(set) var wasWoken = false
    /// Messages that came, and were more than was asked for by then.
    private(set) var surplus: [BrokerMessage<RedisLease>] = []
    /// Whether messages were claimed since the last look at new ones.
    private(set) var claimedLast = false
    /// Whether the last claim saw the end of what is pending.
    var scanIsComplete: Bool { cursor == Self.beginning }

    private let settings: RedisConsumerSettings
    private let connection: RedisConnection
    private let giveBack: RedisScript
    private var answerDue = ContinuousClock.now
    private var cursor = beginning
    private static let beginning = "0-0"

    init(_ settings: RedisConsumerSettings, _ connection: RedisConnection, giveBack: RedisScript) {
        self.settings = settings
        self.connection = connection
        self.giveBack = giveBack
    }

    // MARK: New messages

    /// Takes new messages, or what there is of earlier answers.
    ///
    /// The server is asked to wait for `waiting`; this waits for `limit` at most, or until the signal is set, and takes
    /// up the answer the next time.
    func read(
        upTo count: Int,
        waiting: Duration,
        atMost limit: Duration,
        _ signal: WakeSignal,
        _ entries: StreamEntries
    ) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        (wasWoken, claimedLast) = (false, false)
        if !surplus.isEmpty { return takeSurplus(count) }
        let isFirst = !isWaiting
        if isFirst { try askForNew(count, waiting) }
        // A question without a wait is answered at once, by a server that is there.
        let left = ContinuousClock.now.duration(to: answerDue)
        let patience = waiting > .zero || !isFirst ? min(max(limit, .milliseconds(5)), left) : left
        guard let reply = try connection.answer(within: patience, wake: signal) else {
            wasWoken = signal.take()
            if ContinuousClock.now >= answerDue { throw connection.unanswered() }
            return []
        }
        isWaiting = false
        surplus = try messages(reply, entries)
        return takeSurplus(count)
    }

    /// Waits for the answer that is under way, so that no message is left in it.
    func finish(_ entries: StreamEntries) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        if isWaiting {
            let reply = try connection.answer()
            isWaiting = false
            surplus = try messages(reply, entries)
        }
        return takeSurplus(surplus.count)
    }

    /// Takes up what the server gave out behind an entry in an answer that never came.
    ///
    /// It is pending for this consumer, and would else come after its lease, behind messages that are newer.
    func recover(behind last: String, _ entries: StreamEntries) throws(BrokerError) {
        var command = RedisCommand("XREADGROUP", "GROUP", settings.group, settings.consumer)
        for word in ["STREAMS", settings.stream, last] { command.append(word) }
        guard let list = try connection.ask(command, reading)[0]?[1] else { return }
        surplus = try counted(entries.messages(list))
    }

    private func askForNew(_ count: Int, _ waiting: Duration) throws(BrokerError) {
        var command = RedisCommand("XREADGROUP", "GROUP", settings.group, settings.consumer, "COUNT")
        command.append(count)
        // BLOCK 0 would be for ever.
        if waiting > .zero {
            command.append("BLOCK")
            command.append(waiting.wholeMilliseconds + 1)
        }
        for word in ["STREAMS", settings.stream, ">"] { command.append(word) }
        try connection.send(command)
        isWaiting = true
        answerDue = .now + waiting + settings.server.timeout
    }

    private func messages(
        _ reply: RedisReply,
        _ entries: StreamEntries
    ) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        if let refusal = reply.refusal { throw refusal.error(settings.server, reading) }
        return reply[0]?[1].map { entries.messages($0) } ?? []
    }

    private func takeSurplus(_ count: Int) -> [BrokerMessage<RedisLease>] {
        guard surplus.count > count else {
            defer { surplus = [] }
            return surplus
        }
        let taken = Array(surplus.prefix(count))
        surplus.removeFirst(count)
        return taken
    }

    private var reading: String { "reading the stream \(settings.stream) as the group \(settings.group)" }

    // MARK: Messages that are due again

    /// Claims entries whose leases ran out, whoever had them.
    ///
    /// A call of the server looks at ten times as many as it may claim; some calls are made before new messages have
    /// their turn.
    func claim(upTo count: Int, _ entries: StreamEntries) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        for _ in 0..<16 {
            let reply = try connection.ask(claimCommand(count), reading)
            cursor = reply[0]?.text ?? Self.beginning
            let claimed = try reply[1].map { (list) throws(BrokerError) in try counted(entries.messages(list)) } ?? []
            if !claimed.isEmpty {
                claimedLast = true
                return claimed
            }
            if scanIsComplete { break }
        }
        return []
    }

    private func claimCommand(_ count: Int) -> RedisCommand {
        var command = RedisCommand("XAUTOCLAIM", settings.stream, settings.group, settings.consumer)
        command.append(settings.lease.wholeMilliseconds)
        command.append(cursor)
        command.append("COUNT")
        command.append(count)
        return command
    }

    /// The messages with the number of their deliveries, which a claim doesn't tell; without those that somebody else
    /// has claimed since.
    private func counted(_ messages: [BrokerMessage<RedisLease>]) throws(BrokerError) -> [BrokerMessage<RedisLease>] {
        let questions = messages.map {
            RedisCommand("XPENDING", settings.stream, settings.group, $0.id, $0.id, "1", settings.consumer)
        }
        let answers = try connection.answers(to: questions)
        var counted: [BrokerMessage<RedisLease>] = []
        for (message, answer) in zip(messages, answers) {
            if let refusal = answer.refusal { throw refusal.error(settings.server, reading) }
            guard let deliveries = answer[0]?[3]?.integer else { continue }
            var message = message
            message.lease = RedisLease(entry: message.id, delivery: deliveries)
            message.deliveries = deliveries
            counted.append(message)
        }
        return counted
    }

    /// Sets the idle times of entries that wait here for longer than a lease.
    func renew(_ renewals: [(entry: RedisLease, idle: Duration)]) throws(BrokerError) {
        let calls = settings.giveBack(renewals.map { ($0.entry, $0.idle, $0.entry.delivery) }, giveBack)
        _ = try giveBack.run(calls, on: connection)
    }
}

extension Duration {
    /// The duration in milliseconds, rounded down.
    var wholeMilliseconds: Int { Int(self / .milliseconds(1)) }
}
