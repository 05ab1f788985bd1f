public import Tidemill
import TidemillBroker

extension Components {
    /// Adds the source and the sink `redis`.
    public mutating func addRedis() {}
}
