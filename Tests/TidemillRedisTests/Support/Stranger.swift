import Foundation
import TestSupport

/// Something that listens and is no Redis server: it answers the first who comes with a text, whatever is asked.
final class Stranger {
    let port: UInt16

    struct NotListening: Error {}

    init(answer: String) throws {
        let port = try LoopbackServer.freePort()
        self.port = port
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(listener, $0.baseAddress, socklen_t(bytes.count)) }
        }
        guard status == 0, listen(listener, 1) == 0 else { throw NotListening() }
        Thread.detachNewThread {
            let client = accept(listener, nil, nil)
            _ = answer.withCString { write(client, $0, strlen($0)) }
            var rest = [UInt8](repeating: 0, count: 1_024)
            while read(client, &rest, rest.count) > 0 {}
            close(client)
            close(listener)
        }
    }
}
