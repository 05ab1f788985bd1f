package import TidemillValue

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// The script of a stage, as dead letters name it.
package struct ScriptIdentity: Sendable, Hashable {
    package let path: String
    package let sha256: String

    package init(path: String, sha256: String) {
        self.path = path
        self.sha256 = sha256
    }
}

/// A job that failed: everything that is needed to understand it and to try it again.
package struct DeadLetter: Sendable, Equatable {
    /// A try that failed.
    package struct Attempt: Sendable, Hashable {
        /// When it ended, in ISO 8601.
        package let at: String
        package let error: String

        package init(at: String, error: String) {
            self.at = at
            self.error = error
        }
    }

    package var id: DeadLetterID
    package var job: String
    package var key: Bytes?
    package var metadata: Value
    package var value: Value
    /// The node in which it failed; a source and a sink are called so, too.
    package var stage: String
    package var message: String
    package var traceback: String?
    package var kind: String
    /// All that failed, those of earlier replays included, the last one last.
    package var attempts: [Attempt]
    package var script: ScriptIdentity?
    /// When it failed for good, in ISO 8601.
    package var at: String
    /// How often it was replayed so far.
    package var replayed = 0
    /// The letter whose replay failed and made this one.
    package var replaces: DeadLetterID?
}

extension DeadLetter {
    /// The record of a job that just failed.
    static func record(
        _ delivery: Delivery,
        _ failure: JobFailure,
        job: String,
        stage: String,
        script: ScriptIdentity?,
        clock: any PipelineClock,
        random: UInt64
    ) -> Value {
        let (date, now) = (clock.date, clock.now.nanoseconds)
        let earlier = (delivery.job.details?.attempts ?? []).map { attempt in
            let end = date.addingTimeInterval(-Double(now - attempt.end) / 1e9)
            return Attempt(at: LetterTime.text(end), error: attempt.message)
        }
        let time = LetterTime.text(date)
        let letter = DeadLetter(
            id: DeadLetterID(date, random: random),
            job: job,
            key: delivery.job.key,
            metadata: delivery.job.metadata,
            value: delivery.job.value,
            stage: stage,
            message: failure.message,
            traceback: failure.traceback,
            kind: failure.kind.rawValue,
            attempts: earlier + [Attempt(at: time, error: failure.message)],
            script: script,
            at: time
        )
        return letter.record
    }

    /// When it failed.
    package var date: Date? { LetterTime.date(at) }
}

/// Times as dead letters have them: ISO 8601 in UTC, with milliseconds.
package enum LetterTime {
    package static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// The moment of a text, which may lack the fraction or the time of day.
    package static func date(_ text: String) -> Date? {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle(),
            Date.ISO8601FormatStyle().year().month().day(),
        ]
        // Each accepts a text that only begins with a moment.
        for style in styles {
            if let date = try? style.parse(text), text.count == date.formatted(style).count { return date }
        }
        return nil
    }
}
