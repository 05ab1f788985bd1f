import CHiredis
import TidemillValue

/// A command and its arguments, as they are gathered: one run of bytes and where each argument ends.
struct RedisCommand {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// A command of texts.
    init(_ words: String...) {
        for word in words { append(word) }
    }

    /// Makes room, so that appending a body doesn't move what is there.
    mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }

    mutating func append(_ number: Int) { append(String(number)) }

    mutating func append(_ value: Bytes) {
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
    }

    /// How many arguments there are, the command's name included.
    var count: Int { ends.count }

    /// Calls `body` with the command as the server reads it; false where there is no memory for it.
    func withFormatted(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var formatted: UnsafeMutablePointer<CChar>?
            let length = bytes.withMemoryRebound(to: CChar.self) { text in
                var arguments: [UnsafePointer<CChar>?] = []
                var lengths: [Int] = []
                arguments.reserveCapacity(ends.count)
                lengths.reserveCapacity(ends.count)
                var start = 0
                for end in ends {
                    arguments.append(text.baseAddress.map { $0 + start })
                    lengths.append(end - start)
                    start = end
                }
                return redisFormatCommandArgv(&formatted, Int32(ends.count), &arguments, lengths)
            }
            guard length >= 0, let formatted else { return false }
            body(UnsafeRawBufferPointer(start: formatted, count: Int(length)))
            redisFreeCommand(formatted)
            return true
        }
    }
}
