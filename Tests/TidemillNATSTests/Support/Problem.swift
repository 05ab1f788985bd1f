import TestSupport
import TidemillBroker

/// What a call throws.
///
/// - Throws: when it throws nothing, or something else.
func problem(_ body: () async throws -> Void) async throws -> BrokerError {
    do {
        try await body()
    } catch let error as BrokerError {
        return error
    }
    throw NotInTime("nothing was thrown")
}
