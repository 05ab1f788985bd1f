import Synchronization
public import Tidemill
public import TidemillBroker

/// Takes messages from a Redis stream as a member of a consumer group.
///
/// What is read is the group's pending entries: a lease is an entry that is pending for this consumer, and runs out
/// when the entry has been idle for as long as the lease. Whoever looks next then claims it, this consumer included.
///
/// Two connections: one waits for messages, over the other leases end and are extended meanwhile.
///
/// `@unchecked Sendable`: a source makes the calls of one kind one after the other, and none but ``wake()`` while it
/// connects or disconnects. So each connection belongs to one thread at a time; what both threads need is locked.
public final class RedisConsumer: BrokerConsumer, @unchecked Sendable {
    /// An entry, and which of its deliveries.
    public typealias Lease = RedisLease

    let settings: RedisConsumerSettings
    let clock: any PipelineClock
    let entries: StreamEntries
    let signal = WakeSignal()
    let redeliveries: Mutex<Redeliveries>
    /// What messages come over; of the thread that receives.
    var reader: StreamReader?
    /// What leases are ended and extended by; of the thread that does so.
    var keeper: LeaseKeeper?
    /// The entry behind which a group that has to be made again begins.
    private var origin: String?
    /// The last new entry that came here, or that the group had given out before: what is behind it and pending for
    /// this consumer was in an answer that never came.
    var last: String?

    /// A consumer that is not connected yet.
    ///
    /// The clock says when entries are looked for that are due again.
    public init(_ settings: RedisConsumerSettings, clock: any PipelineClock = SystemClock()) {
        self.settings = settings
        self.clock = clock
        entries = StreamEntries(settings)
        redeliveries = Mutex(Redeliveries(lease: settings.lease))
    }

    /// How long an entry is idle before others may claim it.
    public var leaseDuration: Duration { settings.lease }

    /// Connects twice, and makes the stream and its group where they are missing.
    public func connect() async throws {
        let hasBeenHere = last != nil
        let reading = try RedisConnection(to: settings.server)
        try makeGroup(on: reading)
        let connection = try RedisConnection(to: settings.server)
        let scripts = try LeaseScripts(on: connection)
        // Without the right to ask for it, a wait for messages just isn't cut short.
        let client = try reading.answer(to: RedisCommand("CLIENT", "ID")).integer
        let reader = StreamReader(settings, reading, giveBack: scripts.giveBack)
        if hasBeenHere, let last { try reader.recover(behind: last, entries) }
        self.reader = reader
        keeper = LeaseKeeper(settings, connection, scripts, readingAs: client)
        redeliveries.withLock { $0.scanAgain() }
        try keeper?.sweep()
    }

    /// Has a wait for messages end soon.
    public func wake() { signal.set() }

    /// Gives back what came and was not asked for, takes this consumer out of the group if it has no message left,
    /// and closes both connections.
    public func disconnect() async {
        if let reader, let keeper { leave(reader, keeper) }
        (reader, keeper) = (nil, nil)
    }

    private func leave(_ reader: StreamReader, _ keeper: LeaseKeeper) {
        do {
            if reader.isWaiting { try keeper.unblock() }
            let unwanted = try reader.finish(entries)
            try keeper.settle(unwanted.map { LeaseEnding($0.lease, .release) }, redeliveries, at: clock.now)
            try keeper.leave()
        } catch {
            // The connection broke: what is pending is claimed when its lease has run out.
        }
    }

    private func makeGroup(on connection: RedisConnection) throws(BrokerError) {
        if origin == nil { origin = try beginning(on: connection) }
        let command = RedisCommand(
            "XGROUP",
            "CREATE",
            settings.stream,
            settings.group,
            origin ?? "0",
            "MKSTREAM"
        )
        guard let refusal = try connection.answer(to: command).refusal else {
            last = origin
            return
        }
        guard refusal.code == "BUSYGROUP" else {
            throw refusal.error(settings.server, "making the group \(settings.group) of the stream \(settings.stream)")
        }
        if last == nil { last = try givenOut(on: connection) }
    }

    /// The last entry that the group has given out, to whomever.
    private func givenOut(on connection: RedisConnection) throws(BrokerError) -> String? {
        let question = RedisCommand("XINFO", "GROUPS", settings.stream)
        let groups = try connection.ask(question, "looking at the groups of the stream \(settings.stream)").elements
        let group = groups.first { $0.value(of: "name")?.equals(Bytes(settings.group)) ?? false }
        return group?.value(of: "last-delivered-id")?.text
    }

    /// Where the group begins: for `newest` at what is the last entry the first time, so that a group which has to be
    /// made again misses nothing that came since.
    private func beginning(on connection: RedisConnection) throws(BrokerError) -> String {
        guard settings.start == .newest else { return "0" }
        let reply = try connection.answer(to: RedisCommand("XINFO", "STREAM", settings.stream))
        if let refusal = reply.refusal {
            // No such key: all that ever comes is new.
            if refusal.code == "ERR" { return "0" }
            throw refusal.error(settings.server, "looking at the stream \(settings.stream)")
        }
        return reply.value(of: "last-generated-id")?.text ?? "0"
    }
}
