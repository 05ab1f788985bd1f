import Synchronization
public import Tidemill
import TidemillBroker

/// A channel between two nodes of a pipeline that is kept in a file: what was sent into it is there after a crash.
///
/// A job is kept whole: its value with blobs and images, its key and its metadata, in the form that dead letters have.
/// The source ends when the sink is closed and nothing is left, neither with this process nor with another one.
public final class QueueLink: DurableChannel {
    private let store: QueueStore
    private let name: String
    private let ending = LinkEnding()

    /// A channel with that name in the file at `path`.
    public init(_ path: String, name: String) {
        store = .shared(path)
        self.name = name
    }

    /// What the nodes before it send into; one at a time.
    public func makeSink() -> any Sink {
        var settings = BrokerSinkSettings()
        settings.maxMessage = LinkJob.longestBody
        let sink = BrokerSink(LinkPublisher(store, name), settings) { LinkJob.body(of: $0) }
        return LinkSink(sink, ending)
    }

    /// What the node behind it takes from.
    public func makeSource() -> any Source {
        var settings = BrokerSourceSettings()
        settings.maxMessage = LinkJob.longestBody
        settings.stopsWhenEmpty = true
        let consumer = QueueConsumer(store, QueueConsumer.Settings(queue: name))
        return BrokerSource(LinkConsumer(consumer, ending), settings) { message throws(JobFailure) in
            try LinkJob.job(of: message)
        }
    }
}

/// Whether no more comes into a channel, and who wants to know.
final class LinkEnding: Sendable {
    private struct State {
        var isClosed = false
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func listen(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.listeners.append(body) } }

    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}
