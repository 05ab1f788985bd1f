/// One delivery of an entry of a stream to a consumer.
public struct RedisLease: Hashable, Sendable {
    /// The entry's id.
    public let entry: String
    /// Which of its deliveries it is, as the server counts: 1 for the first.
    public let delivery: Int

    init(entry: String, delivery: Int) {
        self.entry = entry
        self.delivery = delivery
    }
}
