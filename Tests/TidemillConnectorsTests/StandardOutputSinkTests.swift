import Glibc
import Testing
import Tidemill
import TidemillConnectors

@Suite(.timeLimit(.minutes(10))) struct StandardOutputSinkTests {
    @Test func aBatchIsOutWhenTheWriteIsDone() async throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let sink = StandardOutputSink(descriptor: ends[1], path: "out")
        _ = try await sink.write(["a", ["b": 1]])
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(ends[0], &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == "\"a\"\n{\"b\":1}\n")
        close(ends[0])
        close(ends[1])
    }

    @Test func aReaderThatHasGone() async throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let sink = StandardOutputSink(descriptor: ends[1], path: "stdout", format: .lines)
        let error = await #expect(throws: ClosedOutput.self) { _ = try await sink.write(["a"]) }
        #expect(error?.description == "stdout: its reader has closed it")
        close(ends[1])
    }

    /// A pipe that takes 64 KiB at a time and says "try again" in between.
    @Test func aPipeThatDoesNotWait() async throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        #expect(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        let (reader, writer) = (ends[0], ends[1])
        let line = String(repeating: "x", count: 999)
        let reading = Thread {
            var total = 0
            var buffer = [UInt8](repeating: 0, count: 10_000)
            while true {
                let count = read(reader, &buffer, buffer.count)
                if count <= 0 { return total }
                total += count
            }
        }
        let sink = StandardOutputSink(descriptor: writer, path: "out", format: .lines)
        for _ in 0..<3 {
            _ = try await sink.write([Value](repeating: .string(Bytes(line)), count: 1000))
        }
        close(writer)
        #expect(await reading.value == 3_000_000)
        close(reader)
    }
}

/// Work that blocks, on a thread of its own.
private struct Thread: Sendable {
    private let task: Task<Int, Never>

    init(_ work: @escaping @Sendable () -> Int) {
        task = Task.detached {
            await withCheckedContinuation { done in
                let box = Box { done.resume(returning: work()) }
                var thread = pthread_t()
                let context = Unmanaged.passRetained(box).toOpaque()
                pthread_create(
                    &thread,
                    nil,
                    { context in
                        guard let context else { return nil }
                        Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
                        return nil
                    },
                    context
                )
                pthread_detach(thread)
            }
        }
    }

    var value: Int { get async { await task.value } }

    private final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
}
