public import Tidemill
import TidemillBroker

extension Components {
    /// Adds the source and the sink `nats`.
    public mutating func addNATS() {}
}
