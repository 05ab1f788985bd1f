import Glibc
import TidemillBroker

/// A socket that never blocks, closed with its owner.
final class Socket: ByteStream {
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .moved(count) }
        return count == 0 ? .ended : failure(.needsInput)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .moved(count) : failure(.needsRoom)
    }

    private func failure(_ wait: Transfer) -> Transfer {
        switch errno {
        case EAGAIN: wait
        case EINTR: .moved(0)
        default: .failed(String(cString: strerror(errno)))
        }
    }
}

// MARK: Connecting

extension Socket {
    /// Connects; of the addresses that a host name has, the first that answers.
    static func connect(to server: RedisServer) throws(BrokerError) -> Socket {
        switch server.address {
        case .socket(let path): try connect(server, socket: path)
        case .network(let host, let port): try connect(server, host: host, port: port)
        }
    }

    private static func connect(_ server: RedisServer, socket path: String) throws(BrokerError) -> Socket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw BrokerError(.misconfigured, "\(server.name): the path of a socket has at most 107 bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let reached = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address -> Result<Socket, Reason> in
                let length = socklen_t(MemoryLayout<sockaddr_un>.size)
                return open(AF_UNIX, address.baseAddress, length, server.timeout)
            }
        }
        return try socket(reached, server)
    }

    private static func connect(_ server: RedisServer, host: String, port: UInt16) throws(BrokerError) -> Socket {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0 else {
            throw BrokerError(.unreachable, "\(server.name): no such host: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var reached = Result<Socket, Reason>.failure(Reason(text: "the host has no address"))
        var next = found
        while let entry = next?.pointee {
            reached = open(entry.ai_family, entry.ai_addr, entry.ai_addrlen, server.timeout)
            if case .success(let socket) = reached {
                // Commands go out in one piece; waiting for more would only delay the last one.
                var one: Int32 = 1
                let size = socklen_t(MemoryLayout<Int32>.size)
                setsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
                setsockopt(socket.descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, size)
                break
            }
            next = entry.ai_next
        }
        return try socket(reached, server)
    }

    private struct Reason: Error {
        let text: String
    }

    private static func socket(_ reached: Result<Socket, Reason>, _ server: RedisServer) throws(BrokerError) -> Socket {
        switch reached {
        case .success(let socket): return socket
        case .failure(let reason): throw BrokerError(.unreachable, "\(server.name): can't connect: \(reason.text)")
        }
    }

    private static func open(
        _ family: Int32,
        _ address: UnsafePointer<sockaddr>?,
        _ length: socklen_t,
        _ timeout: Duration
    ) -> Result<Socket, Reason> {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(family, type, 0)
        guard descriptor >= 0 else { return .failure(Reason(text: String(cString: strerror(errno)))) }
        let socket = Socket(descriptor)
        if Glibc.connect(descriptor, address, length) == 0 { return .success(socket) }
        guard errno == EINPROGRESS else { return .failure(Reason(text: String(cString: strerror(errno)))) }
        guard Readiness.wait(for: descriptor, output: true, until: .now + timeout) != .timedOut else {
            return .failure(Reason(text: "no answer within \(timeout)"))
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? .success(socket) : .failure(Reason(text: String(cString: strerror(code))))
    }
}
