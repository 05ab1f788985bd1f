/// A job and the duty to settle it: what travels through channels.
///
/// The duty is a number, not an object: passing it on costs no reference count, and whoever holds it last tells the
/// ``Ledger`` how the job ended. Nothing in the type forces that; the books, which must balance at the end of every
/// run, do. (A `~Copyable` delivery with a consuming `settle` was tried: it can't pass through a continuation or be
/// moved out of a buffer by index.)
package struct Delivery: Sendable {
    package var job: Job
    package var ticket: Ticket

    package init(_ job: Job, ticket: Ticket) {
        self.job = job
        self.ticket = ticket
    }
}

/// The message that a job was made of: the source's place in the pipeline and the message's number there.
package struct Ticket: Hashable, Sendable {
    package let rawValue: UInt64

    package init(source: Int, sequence: UInt64) {
        rawValue = UInt64(truncatingIfNeeded: source) << 48 | sequence
    }

    package var source: Int { Int(rawValue >> 48) }
    package var sequence: UInt64 { rawValue & 0xFFFF_FFFF_FFFF }

    /// The identity of the jobs made of the message, given the names of the pipeline's sources.
    package func jobID(_ sources: [String]) -> String {
        "\(source < sources.count ? sources[source] : "?")-\(sequence + 1)"
    }
}
