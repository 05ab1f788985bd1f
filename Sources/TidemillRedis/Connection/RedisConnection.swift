import CHiredis
import Glibc
import TidemillBroker

/// A connection to a server: commands go out in one piece as far as they can, replies come back in their order.
///
/// One thread at a time uses it, and waits in its calls. An error leaves it broken, except a server's refusal.
final class RedisConnection {
    let server: RedisServer
    private let stream: any ByteStream
    private let reader: UnsafeMutablePointer<redisReader>
    private let input: UnsafeMutableRawBufferPointer
    private var output: [UInt8] = []
    /// Whether a call failed, so that replies and commands may no longer belong together.
    private var isBroken = false

    /// Connects, and says who this is.
    ///
    /// - Throws: what is in the way, as it is to be told to people.
    init(to server: RedisServer) throws(BrokerError) {
        self.server = server
        let socket = try Socket.connect(to: server)
        stream = if let tls = server.tls { try EncryptedSocket(socket, to: server, tls) } else { socket }
        guard let reader = redisReaderCreate() else {
            throw BrokerError(.unreachable, "\(server.name): there is no memory for a connection")
        }
        // By default hiredis gives its memory back whenever it is empty and larger than 16 KiB: for every batch.
        reader.pointee.maxbuf = 1 << 20
        self.reader = reader
        input = .allocate(byteCount: 256 << 10, alignment: 16)
        try introduce()
    }

    deinit {
        redisReaderFree(reader)
        input.deallocate()
    }

    private func introduce() throws(BrokerError) {
        if let credentials = try server.credentials() { try ask(credentials, "logging in") }
        if server.database != 0 {
            try ask(RedisCommand("SELECT", String(server.database)), "selecting database \(server.database)")
        }
        // A name is a courtesy, which a user may not have the right to.
        if let name = server.clientName { _ = try answer(to: RedisCommand("CLIENT", "SETNAME", name)) }
    }

    // MARK: Asking

    /// Sends a command and waits for its reply.
    ///
    /// - Throws: also where the server refuses.
    @discardableResult
    func ask(_ command: RedisCommand, _ doing: @autoclosure () -> String) throws(BrokerError) -> RedisReply {
        let reply = try answer(to: command)
        if let refusal = reply.refusal { throw refusal.error(server, doing()) }
        return reply
    }

    /// Sends a command and waits for its reply, which may be a refusal.
    func answer(to command: RedisCommand) throws(BrokerError) -> RedisReply {
        try send(command)
        return try answer()
    }

    /// Sends commands and waits for their replies, which may be refusals.
    func answers(to commands: [RedisCommand]) throws(BrokerError) -> [RedisReply] {
        for command in commands { try send(command) }
        var replies: [RedisReply] = []
        for _ in commands { replies.append(try answer()) }
        return replies
    }

    /// Puts a command to those that go out with the next wait for a reply, or when they are many bytes.
    func send(_ command: RedisCommand) throws(BrokerError) {
        if isBroken { throw failure("the connection is broken") }
        guard command.withFormatted({ output.append(contentsOf: $0) }) else {
            throw failure("there is no memory for a command")
        }
        if output.count > 256 << 10 { try flush() }
    }

    /// Waits for the next reply.
    func answer() throws(BrokerError) -> RedisReply {
        guard let reply = try answer(within: server.timeout) else {
            throw unanswered()
        }
        return reply
    }

    /// Waits for the next reply; nil where it doesn't come in time, or where the signal is set.
    func answer(within time: Duration, wake: WakeSignal? = nil) throws(BrokerError) -> RedisReply? {
        if isBroken { throw failure("the connection is broken") }
        try flush()
        let deadline = ContinuousClock.now + time
        while true {
            if let reply = try parse() { return reply }
            guard try receive() else {
                guard wait(wake, until: deadline) else { return nil }
                continue
            }
        }
    }

    // MARK: Bytes

    /// Writes what is gathered; reads meanwhile, so that a server with many replies to give goes on taking commands.
    private func flush() throws(BrokerError) {
        guard !output.isEmpty else { return }
        var written = 0
        let deadline = ContinuousClock.now + server.timeout
        while written < output.count {
            switch output.withUnsafeBytes({ stream.write(UnsafeRawBufferPointer(rebasing: $0[written...])) }) {
            case .moved(let count): written += count
            case .needsRoom, .needsInput:
                let readiness = Readiness.wait(for: stream.descriptor, output: true, until: deadline)
                if readiness == .timedOut {
                    throw failure("it takes no commands for \(server.timeout)")
                }
                _ = try receive()
            case .ended: throw failure("the server closed the connection")
            case .failed(let reason): throw failure("the connection broke: \(reason)")
            }
        }
        let isLarge = output.capacity > 1 << 20
        output.removeAll(keepingCapacity: !isLarge)
    }

    /// Reads once; false where there is nothing yet.
    private func receive() throws(BrokerError) -> Bool {
        switch stream.read(into: input) {
        case .moved(let count):
            guard redisReaderFeed(reader, input.baseAddress, count) == REDIS_OK else { throw unreadable() }
            return true
        case .needsInput, .needsRoom: return false
        case .ended: throw failure("the server closed the connection")
        case .failed(let reason): throw failure("the connection broke: \(reason)")
        }
    }

    private func wait(_ wake: WakeSignal?, until deadline: ContinuousClock.Instant) -> Bool {
        Readiness.wait(for: stream.descriptor, wake: wake, until: deadline) == .ready
    }

    private func parse() throws(BrokerError) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw unreadable() }
        return reply.map { RedisReply(owning: $0) }
    }

    // MARK: Errors

    /// What a reply that doesn't come means.
    func unanswered() -> BrokerError { failure("no answer within \(server.timeout)") }

    private func unreadable() -> BrokerError {
        let reason = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return failure("the answer is not Redis' protocol: \(reason)")
    }

    private func failure(_ reason: String) -> BrokerError {
        isBroken = true
        return BrokerError(.unreachable, "\(server.name): \(reason)")
    }
}
