import TidemillBroker

/// What a consumer does with leases that must still be its own.
///
/// `XCLAIM` can't tell, as it takes an entry from whoever has it, and between an `XPENDING` that asks and an `XCLAIM`
/// from here another consumer could have claimed the entry. A script is one step for the server.
///
/// A lease is a consumer's as long as the list of pending entries has it under the consumer's name and with the number
/// of the delivery: the same consumer may have lost an entry and received it again.
struct LeaseScripts {
    /// Answers with the places of those that are lost: `KEYS` stream; `ARGV` group, consumer, (entry, delivery)….
    ///
    /// An entry that nobody has pending and that is deleted or trimmed is not lost: nobody else can have it.
    let extend: RedisScript
    /// Sets idle times: `KEYS` stream; `ARGV` group, consumer, (entry, delivery, idle, deliveries)….
    let giveBack: RedisScript
    /// Puts aside: `KEYS` stream, stream of dead letters; `ARGV` group, consumer, delete, (entry, delivery, reason)….
    let giveUp: RedisScript
    /// Removes others' empty consumers that are idle for so long: `KEYS` stream; `ARGV` group, consumer, idle.
    let sweep: RedisScript
    /// Removes the consumer if it is empty: `KEYS` stream; `ARGV` group, consumer.
    let leave: RedisScript

    init(on connection: RedisConnection) throws(BrokerError) {
        extend = try RedisScript(Self.extendText, "extends leases", on: connection)
        giveBack = try RedisScript(Self.giveBackText, "gives messages back", on: connection)
        giveUp = try RedisScript(Self.giveUpText, "puts messages aside", on: connection)
        sweep = try RedisScript(Self.sweepText, "removes consumers", on: connection)
        leave = try RedisScript(Self.leaveText, "removes this consumer", on: connection)
    }

    private static let holds = """
        local function holds(entry, delivery)
            local held = redis.call('XPENDING', KEYS[1], ARGV[1], entry, entry, 1)[1]
            return held and held[2] == ARGV[2] and held[4] == tonumber(delivery), held
        end

        """

    private static let extendText =
        holds + """
            local lost = {}
            for i = 3, #ARGV, 2 do
                local mine, held = holds(ARGV[i], ARGV[i + 1])
                if mine then
                    if redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1] then
                        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
                    end
                elseif held or redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1] then
                    lost[#lost + 1] = (i - 3) / 2
                end
            end
            return lost
            """

    private static let giveBackText =
        holds + """
            for i = 3, #ARGV, 4 do
                if holds(ARGV[i], ARGV[i + 1]) then
                    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i],
                        'IDLE', ARGV[i + 2], 'RETRYCOUNT', ARGV[i + 3], 'JUSTID')
                end
            end
            """

    // Lua can hand about 8,000 values to a function; an entry with more of them is kept as one JSON text.
    private static let giveUpText =
        holds + """
            for i = 4, #ARGV, 3 do
                if holds(ARGV[i], ARGV[i + 1]) then
                    local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
                    local fields = entry and entry[2] or {}
                    if #fields > 6000 then fields = {'fields', cjson.encode(fields)} end
                    for _, extra in ipairs({'dead_letter_stream', KEYS[1], 'dead_letter_group', ARGV[1],
                        'dead_letter_id', ARGV[i], 'dead_letter_deliveries', ARGV[i + 1],
                        'dead_letter_reason', ARGV[i + 2]}) do
                        fields[#fields + 1] = extra
                    end
                    redis.call('XADD', KEYS[2], '*', unpack(fields))
                    redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
                    if ARGV[3] == '1' then redis.call('XDEL', KEYS[1], ARGV[i]) end
                end
            end
            """

    private static let consumers = """
        local function consumers()
            local all = redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
            for i, fields in ipairs(all) do
                local consumer = {}
                for j = 1, #fields, 2 do consumer[fields[j]] = fields[j + 1] end
                all[i] = consumer
            end
            return all
        end

        """

    // Asked and done in one step: DELCONSUMER drops what is pending, and a message could come in between.
    private static let sweepText =
        consumers + """
            for _, consumer in ipairs(consumers()) do
                if consumer.name ~= ARGV[2] and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[3]) then
                    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
                end
            end
            """

    private static let leaveText =
        consumers + """
            for _, consumer in ipairs(consumers()) do
                if consumer.name == ARGV[2] and consumer.pending == 0 then
                    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
                end
            end
            """
}
