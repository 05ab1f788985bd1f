public import Tidemill

extension Components {
    /// Adds the source and the sink `nats`.
    public mutating func addNATS() {
        add(SourceComponent.nats)
        add(SinkComponent.nats)
    }
}
