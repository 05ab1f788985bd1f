import Glibc
import Synchronization
import Testing
import Tidemill
import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct StandardInputSourceTests {
    /// A pipe whose ends close with it.
    final class Pipe: Sendable {
        let reader: Int32
        let writer: Mutex<Int32>

        init() {
            var ends: [Int32] = [-1, -1]
            pipe(&ends)
            reader = ends[0]
            writer = Mutex(ends[1])
        }

        deinit {
            end()
            close(reader)
        }

        func write(_ text: String) { write(Array(text.utf8)) }

        func write(_ bytes: [UInt8]) {
            writer.withLock { writer in
                #expect(Glibc.write(writer, bytes, bytes.count) == bytes.count)
            }
        }

        func end() {
            writer.withLock { writer in
                if writer >= 0 { close(writer) }
                writer = -1
            }
        }
    }

    @Test func linesGoOnAsSoonAsTheyAreThere() async throws {
        let pipe = Pipe()
        pipe.write("one\ntw")
        // Each line is written only when the one before it has come out at the other end.
        let found = try await gather(StandardInputSource(descriptor: pipe.reader)) { count, _ in
            if count == 1 { pipe.write("o\nthree\n") }
            if count == 3 {
                pipe.write("four")
                pipe.end()
            }
        }
        #expect(found.texts == ["one", "two", "three", "four"])
    }

    @Test func packedInput() async throws {
        let pipe = Pipe()
        pipe.write(gzip(Array("a\nb\n".utf8)))
        pipe.end()
        let found = try await gather(StandardInputSource(descriptor: pipe.reader))
        #expect(found.texts == ["a", "b"])
    }

    @Test func drainEndsTheWait() async throws {
        let pipe = Pipe()
        pipe.write("one\nhalf a line")
        let found = try await gather(StandardInputSource(descriptor: pipe.reader)) { _, pipeline in pipeline?.drain() }
        #expect(found.texts == ["one"])
        #expect(found.error == nil && found.isBalanced)
    }

    @Test func whole() async throws {
        let pipe = Pipe()
        pipe.write("a\nb")
        pipe.end()
        let found = try await gather(StandardInputSource(descriptor: pipe.reader, format: .whole))
        #expect(found.texts == ["a\nb"])
    }
}
