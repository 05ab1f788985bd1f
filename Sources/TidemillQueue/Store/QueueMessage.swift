public import Tidemill

/// What becomes of a message in a queue file.
public enum QueueState: Int, Hashable, Sendable, CaseIterable {
    /// It can be leased.
    case ready = 0
    /// Its time has not come.
    case delayed = 1
    /// A consumer has it.
    case leased = 2
    /// It was given up, and is kept for people to look at.
    case dead = 3
    /// It is done, and is kept because the consumer wants that.
    case done = 4
    /// An earlier message with its key is unfinished, in a queue that keeps the order of keys.
    case blocked = 5

    /// The state's name, for people and in the command.
    public var name: String { String(describing: self) }
}

/// A message to put into a queue.
public struct NewMessage: Sendable {
    /// What it carries.
    public var body: Bytes
    /// What messages that belong together have in common.
    public var key: Bytes?
    /// Messages of a higher priority are leased first; by default 0.
    public var priority: Int
    /// How long it is to wait before it can be leased; by default not at all.
    public var delay: Duration
    /// While a message with the same unique key is neither done nor dead, this one is ignored.
    public var uniqueKey: Bytes?
    /// Names and values beside the body, as JSON text.
    public var headers: Bytes?
    /// A job's metadata, as JSON text.
    public var metadata: Bytes?

    /// A message.
    public init(
        _ body: Bytes,
        key: Bytes? = nil,
        priority: Int = 0,
        delay: Duration = .zero,
        uniqueKey: Bytes? = nil,
        headers: Bytes? = nil,
        metadata: Bytes? = nil
    ) {
        self.body = body
        self.key = key
        self.priority = priority
        self.delay = delay
        self.uniqueKey = uniqueKey
        self.headers = headers
        self.metadata = metadata
    }
}

/// What came of putting a message into a queue.
public enum QueueReceipt: Hashable, Sendable {
    /// It has this id, and is on the disk.
    case queued(Int64)
    /// It was ignored: the message with this id has its unique key.
    case duplicate(of: Int64)

    /// The id of the message that is in the queue.
    public var id: Int64 {
        switch self {
        case .queued(let id), .duplicate(of: let id): id
        }
    }
}

/// One lease of a message: nobody else has the same.
public struct QueueLease: Hashable, Sendable {
    /// The message.
    public let id: Int64
    let token: Int64

    init(id: Int64, token: Int64) {
        self.id = id
        self.token = token
    }
}

/// A message as a queue file has it.
public struct StoredMessage: Sendable {
    /// Its number in the file, the same all its life.
    public let id: Int64
    /// What became of it; of one whose time has come or whose lease has expired, that it is ready.
    public let state: QueueState
    /// Messages of a higher priority are leased first.
    public let priority: Int
    /// How often it was leased, without those leases that were released.
    public let attempts: Int
    /// When it was put into the queue, in milliseconds since 1970.
    public let createdAt: Int64
    /// When it can be leased, or could, in milliseconds since 1970.
    public let availableAt: Int64
    /// When it was done or given up, in milliseconds since 1970.
    public let finishedAt: Int64?
    /// When its lease ends, in milliseconds since 1970.
    public let leaseUntil: Int64?
    /// Who has the lease: a process and its host.
    public let leaseHolder: String?
    /// By what others like it are ignored.
    public let uniqueKey: Bytes?
    /// What messages that belong together have in common.
    public let key: Bytes?
    /// Names and values beside the body, as JSON text.
    public let headers: Bytes?
    /// A job's metadata, as JSON text.
    public let metadata: Bytes?
    /// Why it failed the last time.
    public let lastError: String?
    /// What it carries.
    public let body: Bytes
}

/// How many messages a queue has.
public struct QueueStatistics: Hashable, Sendable {
    /// How many there are of each state; those of which there are none are left out.
    public let counts: [QueueState: Int]
    /// How long the oldest of those that can be leased has been in the queue.
    public let oldestAge: Duration?

    /// How many are in a state.
    public subscript(state: QueueState) -> Int { counts[state, default: 0] }

    /// Whether all that were put in are done or dead.
    public var isFinished: Bool { self[.ready] + self[.delayed] + self[.leased] + self[.blocked] == 0 }
}
