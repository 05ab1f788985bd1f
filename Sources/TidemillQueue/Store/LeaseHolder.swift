import Glibc

/// A process that has leases, by its number and where that number counts: `4711@host/4026531836`.
struct LeaseHolder: CustomStringConvertible {
    /// The machine and the namespace of process numbers on it.
    private static let place: String = {
        var name = [CChar](repeating: 0, count: 256)
        let host = gethostname(&name, name.count - 1) == 0 ? text(name) : "?"
        var target = [CChar](repeating: 0, count: 256)
        let isKnown = readlink("/proc/self/ns/pid", &target, target.count - 1) > 0
        return host + "/" + (isKnown ? text(target).filter(\.isNumber) : "?")
    }()

    static let current = LeaseHolder(process: getpid(), place: place)

    private let process: pid_t
    private let place: String

    private init(process: pid_t, place: String) { (self.process, self.place) = (process, place) }

    init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let process = pid_t(parts[0]), process > 0 else { return nil }
        self.init(process: process, place: String(parts[1]))
    }

    var description: String { "\(process)@\(place)" }

    /// Whether it has surely ended: nobody here has its number.
    var hasEnded: Bool { place == Self.place && kill(process, 0) != 0 && errno == ESRCH }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension QueueStore {
    /// How this process calls itself where it has leases.
    public static let thisProcess = LeaseHolder.current.description

    /// Lets leases expire at once whose processes are dead, so that messages need not wait for that after a crash.
    ///
    /// It counts as an attempt: the message may be what the process died of.
    public func releaseOfDeadProcesses(of queue: String) throws {
        let dead = try read { connection in
            guard let row = try connection.existingQueue(queue) else { return [String]() }
            var holders: [String] = []
            try connection.statement(
                "SELECT DISTINCT lease_holder FROM messages WHERE queue = ? AND state = 2 AND lease_holder IS NOT NULL"
            ).bind(row.id).forEach { holders.append($0.text()) }
            return holders.filter { LeaseHolder($0)?.hasEnded ?? false }
        }
        if dead.isEmpty { return }
        try write(.processCrash) { connection in
            guard let row = try connection.existingQueue(queue) else { return }
            for holder in dead {
                let expire = try connection.statement(
                    "UPDATE messages SET lease_until = 0 WHERE queue = ? AND state = 2 AND lease_holder = ?"
                )
                try expire.bind(row.id).bind(holder).run()
            }
            connection.hasNews = true
        }
    }
}
