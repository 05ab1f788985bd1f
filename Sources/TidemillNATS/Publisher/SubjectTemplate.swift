import Tidemill
import TidemillBroker

/// The subject of outgoing messages, with fields of the job in braces, as in `orders.{key}`.
struct SubjectTemplate: Hashable, Sendable {
    private let template: JobTemplate

    /// - Throws: ``BrokerError`` where `text` can't be a subject whatever the fields are.
    init(_ text: String) throws(BrokerError) {
        do {
            template = try JobTemplate(text, purpose: "the subject")
        } catch {
            throw BrokerError(.misconfigured, error.description)
        }
        let literals = text.split(separator: "{").enumerated().map { index, part in
            index == 0 && !text.hasPrefix("{") ? part : part.drop { $0 != "}" }.dropFirst()
        }
        if literals.contains(where: { !$0.utf8.allSatisfy(Self.isAllowed) }) {
            throw BrokerError(.misconfigured, "\(text): a subject has no spaces, \"*\" and \">\" in it")
        }
        if template.isConstant, !Self.isSubject(text) {
            throw BrokerError(.misconfigured, "\(text): a subject has no empty parts between its dots")
        }
    }

    /// The subject for a job.
    ///
    /// It begins as the template does: what the job says can add parts, but neither wildcards nor anything that leads
    /// to where the server's own subjects are.
    func subject(for job: Job) throws(JobFailure) -> String {
        let subject = try template.text(for: job) { field, text throws(JobFailure) in
            guard !text.isEmpty, text.utf8.allSatisfy(Self.isAllowed) else {
                throw JobFailure(.sink, "\"\(field)\" can't be part of a subject: \(text.debugDescription)")
            }
        }
        guard Self.isSubject(subject) else {
            throw JobFailure(.sink, "the subject would have an empty part between its dots: \(subject)")
        }
        guard !template.prefix.isEmpty || !(subject.hasPrefix("$") || subject.hasPrefix("_INBOX.")) else {
            throw JobFailure(.sink, "a job may not choose a subject of the server's own: \(subject)")
        }
        return subject
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte > UInt8(ascii: " ") && byte != 0x7F && byte != UInt8(ascii: "*") && byte != UInt8(ascii: ">")
    }

    private static func isSubject(_ text: String) -> Bool {
        !text.split(separator: ".", omittingEmptySubsequences: false).contains(where: \.isEmpty)
    }
}
