import Glibc
import TidemillValue

/// Finds where a file that is to be continued ends, for a crash may have left half a line behind.
struct OutputRepair {
    let descriptor: Descriptor
    let path: String

    /// The place behind the last line end among the first `size` bytes.
    func endOfLastLine(size: Int) throws(SystemError) -> Int {
        var end = size
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while end > 0 {
            let start = max(0, end - Int(chunk.count))
            let count = try read(&chunk, at: start, atMost: end - start)
            if let last = chunk[..<count].lastIndex(of: UInt8(ascii: "\n")) { return start + last + 1 }
            end = start
        }
        return 0
    }

    /// The place behind the last row of a CSV: the last line end that is not inside quotes.
    func endOfLastRow() throws(SystemError) -> Int {
        var end = 0
        var position = 0
        var isInQuotes = false
        var chunk = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = try read(&chunk, at: position, atMost: chunk.count)
            if count == 0 { return end }
            for index in 0..<count {
                if chunk[index] == UInt8(ascii: "\"") { isInQuotes.toggle() }
                if chunk[index] == UInt8(ascii: "\n"), !isInQuotes { end = position + index + 1 }
            }
            position += count
        }
    }

    /// The fields of a CSV's first row.
    func header(delimiter: UInt8) throws -> [String]? {
        guard lseek(descriptor.raw, 0, SEEK_SET) == 0 else { throw SystemError(path, "can't read it") }
        let input = DescriptorInput(descriptor, path: path, stop: nil)
        var reader = CSVReader(input, limit: 1 << 20, delimiter: delimiter)
        try reader.skipByteOrderMark()
        repeat {
            guard let item = reader.next() else { continue }
            if case .bad(_, let reason) = item { throw FileProblem(path, "its header is no CSV: \(reason)") }
            return reader.texts().map { String($0) }
        } while try reader.fill()
        return nil
    }

    private func read(_ chunk: inout [UInt8], at offset: Int, atMost count: Int) throws(SystemError) -> Int {
        let count = chunk.withUnsafeMutableBytes { chunk in
            retryingInterrupts { pread(descriptor.raw, chunk.baseAddress, count, offset) }
        }
        guard count >= 0 else { throw SystemError(path, "can't read it") }
        return count
    }
}
