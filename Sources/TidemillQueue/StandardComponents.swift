public import Tidemill

extension Components {
    /// Adds the source and the sink `queue`, and durable channels.
    public mutating func addQueue() {
        add(QueueSource.component)
        add(QueueSink.component)
        makeDurableChannel = { QueueLink($0, name: $1) }
    }
}
