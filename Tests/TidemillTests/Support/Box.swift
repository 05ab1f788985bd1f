import Synchronization
import Tidemill

/// A pipeline that its own nodes know.
final class Box: Sendable {
    private let held = Mutex<Pipeline?>(nil)

    var pipeline: Pipeline? { held.withLock { $0 } }

    func set(_ pipeline: Pipeline) { held.withLock { $0 = pipeline } }

    func cancel() { pipeline?.cancel() }
}
