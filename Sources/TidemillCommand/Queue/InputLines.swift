import Tidemill

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The lines of standard input, as many at a time as there are already.
struct InputLines {
    private static let portion = 1 << 16

    private var rest: [UInt8] = []
    private var isAtEnd = false

    /// The next lines that are not empty, at least one; nil at the end.
    mutating func next() throws -> [Bytes]? {
        while !isAtEnd {
            let count = try fill()
            isAtEnd = count == 0
            let lines = take()
            if !lines.isEmpty { return lines }
        }
        return nil
    }

    private mutating func fill() throws -> Int {
        var portion = [UInt8](repeating: 0, count: Self.portion)
        while true {
            let count = read(STDIN_FILENO, &portion, portion.count)
            if count >= 0 {
                rest += portion.prefix(count)
                return count
            }
            guard errno == EINTR else {
                throw InputProblem(description: "can't read the standard input: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// The whole lines; at the end the last one may have no newline.
    private mutating func take() -> [Bytes] {
        let end = isAtEnd ? rest.count : (rest.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        let lines = rest[..<end].split(separator: UInt8(ascii: "\n")).map { line in
            Bytes(Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
        rest.removeFirst(end)
        return lines.filter { !$0.isEmpty }
    }
}

private struct InputProblem: Error, CustomStringConvertible {
    let description: String
}
