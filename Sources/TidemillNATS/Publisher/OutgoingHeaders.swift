import CNATS
import Tidemill

/// The subject and the headers of a message on its way out, all of which can be sent.
struct OutgoingHeaders {
    private let subject: String
    private let headers: [(name: String, value: Bytes)]

    /// - Throws: ``JobFailure`` for a header that NATS can't carry: it is a line of text.
    init(subject: String, _ headers: [(name: String, value: Bytes)]) throws(JobFailure) {
        for header in headers {
            guard Self.isName(header.name) else {
                throw JobFailure(.sink, "no name of a header: \(header.name.debugDescription)", advice: .never)
            }
            guard Self.isLine(header.value) else {
                throw JobFailure(
                    .sink,
                    "the header \(header.name) can't be sent: it has a line break, a NUL or blanks at its ends",
                    advice: .never
                )
            }
        }
        (self.subject, self.headers) = (subject, headers)
    }

    /// The library's message, which the caller destroys.
    func message(_ body: Bytes) throws(NATSFailure) -> OpaquePointer {
        var message: OpaquePointer?
        let status = body.withUnsafeBytes { bytes in
            let data = bytes.bindMemory(to: CChar.self).baseAddress
            return natsMsg_Create(&message, subject, nil, data, Int32(bytes.count))
        }
        try check(status)
        guard let message else { throw NATSFailure(NATS_NO_MEMORY) }
        for header in headers {
            let status = natsMsgHeader_Add(message, header.name, String(header.value))
            guard status == NATS_OK else {
                let failure = NATSFailure(status)
                natsMsg_Destroy(message)
                throw failure
            }
        }
        return message
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    }

    private static func isLine(_ value: Bytes) -> Bool {
        value.withUnsafeBytes { bytes in
            let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            let hasBreak = bytes.contains { $0 == 0 || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
            return !hasBreak && !(bytes.first.map(isBlank) ?? false) && !(bytes.last.map(isBlank) ?? false)
        }
    }
}
