import Synchronization
import Tidemill

/// A pipeline that its own nodes know.
final class Box: Sendable {
    private let pipeline = Mutex<Pipeline?>(nil)

    func set(_ pipeline: Pipeline) { self.pipeline.withLock { $0 = pipeline } }

    func cancel() { pipeline.withLock { $0 }?.cancel() }
}
