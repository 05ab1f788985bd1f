/// The subject that JetStream wants the answer to a delivery on, and which says which delivery it is.
///
/// `$JS.ACK.<stream>.<consumer>.<delivery>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>`, from
/// servers of version 2 of that scheme with a domain and an account before the stream and more behind.
struct DeliverySubject: Equatable {
    /// Which delivery of the message it is, counted from 1.
    let delivery: Int
    /// The message's place in the stream.
    let sequence: UInt64
    /// When the stream took it in, in nanoseconds since 1970.
    let time: Int64

    /// - Returns: nil for any other subject.
    init?(_ subject: UnsafeBufferPointer<UInt8>) {
        guard subject.starts(with: "$JS.ACK.".utf8) else { return nil }
        let tokens = subject.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let first: Int
        switch tokens.count {
        case 9: first = 4
        case 11...: first = 6
        default: return nil
        }
        guard let delivery = Self.number(tokens[first]), let sequence = Self.number(tokens[first + 1]),
            let time = Self.number(tokens[first + 3])
        else { return nil }
        self.delivery = Int(truncatingIfNeeded: delivery)
        self.sequence = sequence
        self.time = Int64(truncatingIfNeeded: time)
    }

    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        guard !digits.isEmpty, digits.count <= 19 else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
