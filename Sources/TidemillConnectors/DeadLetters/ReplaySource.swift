package import Tidemill
import TidemillValue

/// Sends the chosen letters that have one target.
package struct ReplaySource: Source {
    /// Each waits for the disk only once, and few letters are on their way when the process is killed.
    private static let batchCount = 256

    private let target: String
    private let count: Int
    private let selection: LetterSelection
    private let plan: ReplayPlan
    private let session: ReplaySession

    /// A letter that could not be delivered stays in its file.
    package var takesJobsBack: Bool { true }
    /// It waits in `read`.
    package var blocksItsThread: Bool { true }

    /// A source of the letters, `count` of them, that the plan sends to `target`.
    package init(
        _ target: String,
        count: Int,
        _ selection: LetterSelection,
        _ plan: ReplayPlan,
        _ session: ReplaySession
    ) {
        self.target = target
        self.count = count
        self.selection = selection
        self.plan = plan
        self.session = session
    }

    package func run(_ output: SourceOutput) async throws {
        var reader = try LetterReader(session.letters.file.path, upTo: selection.bound)
        var batch = JobBatch()
        while let entry = try reader.next() {
            guard let letter = selection.letter(entry), (try? plan.target(of: letter)) == target else { continue }
            let job = "\(output.name)-\(output.sentCount + UInt64(batch.count) + 1)"
            let session = session
            batch.append(session.begin(letter, as: job)) { session.end(job, $0) }
            if batch.count >= Self.batchCount { try await send(&batch, output) }
        }
        try await send(&batch, output)
    }

    private func send(_ batch: inout JobBatch, _ output: SourceOutput) async throws {
        if !batch.isEmpty { try await output.send(&batch) }
        output.report(done: Int64(output.sentCount), of: Int64(count))
        try Task.checkCancellation()
    }
}

/// The dead letters of a replay: they go to the end of the file that is replayed.
package struct ReplaySink: Sink {
    private let session: ReplaySession

    /// It waits in `write`.
    package var blocksItsThread: Bool { true }

    /// A sink for the letters of the session's jobs.
    package init(_ session: ReplaySession) { self.session = session }

    package func open() async throws { try session.open() }

    package func write(_ batch: borrowing SinkBatch) async throws {
        var lines = ByteWriter()
        for index in 0..<batch.count {
            let letter = session.successor(try DeadLetter(record: batch.value(at: index)))
            try lines.append(json: letter.record)
            lines.append(UInt8(ascii: "\n"))
        }
        try session.letters.append(lines.take())
    }
}
