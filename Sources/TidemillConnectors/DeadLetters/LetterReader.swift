import Glibc
package import Tidemill
import TidemillValue

/// One line of a file of dead letters.
package struct LetterEntry: Sendable {
    /// Counted from 1.
    package let line: Int
    /// The offset behind it.
    package let end: Int
    /// The line without its end.
    package let text: Bytes
    /// The letter, or why the line is none.
    package let content: Result<DeadLetter, DeadLetterProblem>
}

/// Reads a file of dead letters line by line.
package struct LetterReader: ~Copyable {
    private var window: InputWindow
    private let bound: Int
    private var line = 0
    private var offset = 0
    private var searched = 0

    /// A reader of the lines that end within the first `bound` bytes.
    package init(_ path: String, upTo bound: Int = .max) throws {
        let descriptor = try Descriptor.open(path, O_RDONLY)
        window = InputWindow(DescriptorInput(descriptor, path: path, stop: nil))
        self.bound = bound
    }

    /// The next line that isn't blank; nil at the end.
    package mutating func next() throws -> LetterEntry? {
        while let (text, isWhole) = try nextLine(), offset <= bound {
            if text.isEmpty { continue }
            return LetterEntry(line: line, end: offset, text: text, content: Self.content(text, isWhole: isWhole))
        }
        return nil
    }

    private mutating func nextLine() throws -> (text: Bytes, isWhole: Bool)? {
        while true {
            let bytes = window.bytes
            if let base = bytes.baseAddress, searched < bytes.count,
                let found = memchr(base + searched, 0x0A, bytes.count - searched)
            {
                return (take(UnsafeRawPointer(found) - base, end: 1), true)
            }
            searched = bytes.count
            if try !window.fill() { return window.count > 0 ? (take(window.count, end: 0), false) : nil }
        }
    }

    private mutating func take(_ count: Int, end: Int) -> Bytes {
        defer {
            window.take(count + end)
            offset += count + end
            searched = 0
            line += 1
        }
        return window.slice(0, count: count)
    }

    private static func content(_ text: Bytes, isWhole: Bool) -> Result<DeadLetter, DeadLetterProblem> {
        do throws(DeadLetterProblem) {
            return .success(try DeadLetter(record: value(text)))
        } catch {
            return .failure(isWhole ? error : DeadLetterProblem("the file ends within it"))
        }
    }

    private static func value(_ text: Bytes) throws(DeadLetterProblem) -> Value {
        do {
            return try Value(json: text)
        } catch {
            throw DeadLetterProblem("it is no JSON: \(error)")
        }
    }
}
