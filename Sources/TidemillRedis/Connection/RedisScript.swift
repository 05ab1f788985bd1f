import TidemillBroker

/// A script that the server runs as one step, so that nothing comes between what it looks at and what it does.
struct RedisScript {
    /// The server's name for it: the hash of its text.
    private let hash: String
    private let text: String
    private let purpose: String

    /// Has the server learn the script.
    init(_ text: String, _ purpose: String, on connection: RedisConnection) throws(BrokerError) {
        let reply = try connection.ask(RedisCommand("SCRIPT", "LOAD", text), "loading a script that \(purpose)")
        hash = reply.text ?? ""
        self.text = text
        self.purpose = purpose
    }

    /// The beginning of a call; the arguments are appended.
    func call(_ keys: String...) -> RedisCommand {
        var command = RedisCommand("EVALSHA", hash)
        command.append(keys.count)
        for key in keys { command.append(key) }
        return command
    }

    /// Whether the server has forgotten its scripts.
    static func isForgotten(_ reply: RedisReply) -> Bool { reply.refusal?.code == "NOSCRIPT" }

    /// Has the server learn the script again.
    func reload(on connection: RedisConnection) throws(BrokerError) {
        try connection.ask(RedisCommand("SCRIPT", "LOAD", text), "loading a script that \(purpose)")
    }

    /// Makes calls; a server that has forgotten the script is told it again.
    ///
    /// - Throws: also where the server refuses one.
    func run(_ calls: [RedisCommand], on connection: RedisConnection) throws(BrokerError) -> [RedisReply] {
        var replies = try connection.answers(to: calls)
        for index in replies.indices where Self.isForgotten(replies[index]) {
            try reload(on: connection)
            replies[index] = try connection.answer(to: calls[index])
        }
        for reply in replies {
            if let refusal = reply.refusal { throw refusal.error(connection.server, "a script that \(purpose)") }
        }
        return replies
    }
}
