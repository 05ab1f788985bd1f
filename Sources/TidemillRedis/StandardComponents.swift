public import Tidemill

extension Components {
    /// Adds the source and the sink `redis`.
    public mutating func addRedis() {
        add(RedisConsumer.component)
        add(RedisPublisher.component)
    }
}
