import Synchronization
package import Tidemill
import TidemillValue

/// One replay: which letters are on their way, what became of the others, and what is on the disk about it.
package final class ReplaySession: Sendable {
    /// What is known of a letter on its way, for the case that it fails again.
    private struct Origin {
        let id: DeadLetterID
        let job: String
        let attempts: [DeadLetter.Attempt]
        let replayed: Int
        let isMarked: Bool
        let hadMetadata: Bool
    }

    private struct State {
        var origins: [String: Origin] = [:]
        var done: Set<DeadLetterID> = []
        var outcomes: [Outcome: Int] = [:]
    }

    /// The field that tells handlers which letter a job was, and what the job was called then.
    private static let mark = "dead_letter"

    package let letters: LockedLetters
    private let journal: LetterJournal
    private let state: Mutex<State>
    private let wake: AsyncStream<Void>.Continuation
    private let flushing: Task<Void, Never>

    /// A replay of letters that nobody else writes.
    package init(_ letters: LockedLetters) {
        self.letters = letters
        let journal = LetterJournal(letters.file.journalPath)
        self.journal = journal
        state = Mutex(State())
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        wake = continuation
        // Not where the letters settle: one wait for the disk serves all that were settled meanwhile.
        flushing = Task { for await _ in stream { try? journal.flush() } }
    }

    /// Makes ready to note what becomes of the letters.
    func open() throws { try journal.open() }

    // MARK: On the way

    /// The job of a letter that goes on its way under the name `job`.
    func begin(_ letter: DeadLetter, as job: String) -> Job {
        let fields = letter.metadata.record?.entries
        let isMarked = letter.metadata == .null || fields?.contains { $0.key == Bytes(Self.mark) } == false
        let origin = Origin(
            id: letter.id,
            job: letter.job,
            attempts: letter.attempts,
            replayed: letter.replayed,
            isMarked: isMarked,
            hadMetadata: letter.metadata != .null
        )
        state.withLock { $0.origins[job] = origin }
        guard isMarked else { return Job(letter.value, key: letter.key, metadata: letter.metadata) }
        let mark: Value = ["id": .string(Bytes(letter.id.description)), "job": .string(Bytes(letter.job))]
        let metadata = Record(entries: (fields ?? []) + [(Bytes(Self.mark), mark)])
        return Job(letter.value, key: letter.key, metadata: .record(metadata))
    }

    /// The job has ended, and with it, if it ended well, the letter.
    func end(_ job: String, _ outcome: Outcome) {
        let id = state.withLock { state -> DeadLetterID? in
            state.outcomes[outcome, default: 0] += 1
            guard let origin = state.origins.removeValue(forKey: job), outcome <= .deadLettered else { return nil }
            state.done.insert(origin.id)
            return origin.id
        }
        guard let id else { return }
        journal.note(id)
        wake.yield()
    }

    /// The letter of a replayed job that failed again: it goes on with the history of the one it replaces.
    func successor(_ letter: DeadLetter) -> DeadLetter {
        guard let origin = state.withLock({ $0.origins[letter.job] }) else { return letter }
        var letter = letter
        letter.job = origin.job
        letter.attempts = origin.attempts + letter.attempts
        letter.replayed = origin.replayed + 1
        letter.replaces = origin.id
        if origin.isMarked, let fields = letter.metadata.record?.entries {
            let rest = fields.filter { $0.key != Bytes(Self.mark) }
            letter.metadata = rest.isEmpty && !origin.hadMetadata ? .null : .record(Record(entries: rest))
        }
        return letter
    }

    // MARK: The end

    /// How many letters ended so.
    package var outcomes: [Outcome: Int] { state.withLock(\.outcomes) }

    /// Takes the letters that are done out of the file, once the pipeline has ended.
    package func finish() async throws {
        wake.finish()
        await flushing.value
        try journal.flush()
        let gone = try letters.file.gone(done: state.withLock(\.done))
        try letters.rewrite(without: gone) { _, _ in false }
    }
}

extension Value {
    fileprivate var record: Record? {
        if case .record(let record) = self { record } else { nil }
    }
}
