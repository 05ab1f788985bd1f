package import Foundation
import Synchronization

/// What a command writes to one of its outputs, as it comes.
package final class Collected: Sendable {
    private struct State {
        var data = Data()
        var isEnded = false
        var waiting: [(text: String?, continuation: CheckedContinuation<Bool, Never>)] = []

        /// Those who wait for something that is there now, with whether it is; at the end that is everybody.
        mutating func ready() -> [(Bool, CheckedContinuation<Bool, Never>)] {
            var ready: [(Bool, CheckedContinuation<Bool, Never>)] = []
            waiting.removeAll { waiter in
                let isThere = waiter.text.map { data.range(of: Data($0.utf8)) != nil } ?? false
                guard isThere || isEnded else { return false }
                ready.append((isThere, waiter.continuation))
                return true
            }
            return ready
        }
    }

    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    private let state = Mutex(State())

    /// Reads on a thread of its own; a handler on the file would be called from several threads at once.
    package init(_ pipe: Pipe) {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while true {
                let piece = handle.availableData
                change { state in
                    state.data.append(piece)
                    state.isEnded = piece.isEmpty
                }
                if piece.isEmpty { break }
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let ready = state.withLock { state in
            body(&state)
            return state.ready()
        }
        for (isThere, continuation) in ready { continuation.resume(returning: isThere) }
    }

    package var soFar: String { state.withLock { String(decoding: $0.data, as: UTF8.self) } }

    /// Waits for a text.
    ///
    /// - Throws: when the output ends without it.
    package func wait(for text: String) async throws {
        if await !wait(text) { throw Missing(description: "\"\(text)\" never came; what came is:\n\(soFar)") }
    }

    package func all() async -> String {
        _ = await wait(nil)
        return soFar
    }

    private func wait(_ text: String?) async -> Bool {
        await withCheckedContinuation { continuation in
            change { $0.waiting.append((text, continuation)) }
        }
    }
}
