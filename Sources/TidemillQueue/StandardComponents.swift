public import Tidemill
import TidemillBroker

extension Components {
    /// Adds the source and the sink `queue`.
    public mutating func addQueue() {}
}
