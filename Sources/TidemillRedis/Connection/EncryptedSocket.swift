import COpenSSL
import Glibc
import TidemillBroker

/// A socket over which bytes go encrypted.
///
/// OpenSSL works on memory here and never sees the socket: its own way of writing to one ends the process by SIGPIPE
/// when the other side is gone.
final class EncryptedSocket: ByteStream {
    private let socket: Socket
    private let ssl: OpaquePointer
    /// What came over the socket, for OpenSSL to decrypt, and what it has encrypted, to go over the socket.
    private let (arrived, leaving): (OpaquePointer, OpaquePointer)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)
    /// The part of ``output`` that is to go over the socket.
    private var unsent = 0..<0
    /// How many bytes of a write are encrypted and not yet all sent.
    private var accepted = 0

    var descriptor: Int32 { socket.descriptor }

    /// Agrees with the server on how to encrypt, and checks who it is.
    ///
    /// - Throws: ``BrokerError`` where files can't be used, or the server is not who it should be.
    init(_ socket: Socket, to server: RedisServer, _ tls: BrokerTLS) throws(BrokerError) {
        let context = try TLSContext(tls, server)
        guard let ssl = SSL_new(context.pointer), let arrived = BIO_new(BIO_s_mem()), let leaving = BIO_new(BIO_s_mem())
        else { throw BrokerError(.unreachable, "\(server.name): there is no memory for a connection") }
        SSL_set_bio(ssl, arrived, leaving)
        (self.socket, self.ssl, self.arrived, self.leaving) = (socket, ssl, arrived, leaving)
        try name(tls.serverName ?? server.host, isChecked: !tls.isInsecure, server)
        try shakeHands(server)
    }

    deinit {
        // Its memory buffers go with it.
        SSL_free(ssl)
        input.deallocate()
        output.deallocate()
    }

    private func name(_ host: String?, isChecked: Bool, _ server: RedisServer) throws(BrokerError) {
        guard let host else { return }
        if isChecked, X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1, SSL_set1_host(ssl, host) != 1 {
            throw BrokerError(.misconfigured, "\(server.name): \"\(host)\" can't be the name in a certificate")
        }
        var address = in6_addr()
        let isName = inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1
        if isName, tide_ssl_name_server(ssl, host) != 1 { throw failure(server, "naming the server") }
    }

    private func shakeHands(_ server: RedisServer) throws(BrokerError) {
        let deadline = ContinuousClock.now + server.timeout
        while true {
            ERR_clear_error()
            let status = SSL_connect(ssl)
            let step = status == 1 ? send() : progress(status)
            switch step {
            case .moved: if status == 1 { return }
            case .needsInput, .needsRoom:
                let needsRoom = if case .needsRoom = step { true } else { false }
                guard Readiness.wait(for: descriptor, output: needsRoom, until: deadline) != .timedOut else {
                    throw BrokerError(.unreachable, "\(server.name): no encryption agreed on within \(server.timeout)")
                }
            case .ended:
                throw BrokerError(.unreachable, "\(server.name): the server closed the connection; has it TLS?")
            case .failed(let reason): throw failure(server, reason)
            }
        }
    }

    private func failure(_ server: RedisServer, _ reason: String) -> BrokerError {
        let result = SSL_get_verify_result(ssl)
        guard result != X509_V_OK else { return BrokerError(.unreachable, "\(server.name): TLS: \(reason)") }
        let problem = X509_verify_cert_error_string(Int(result)).map { String(cString: $0) } ?? reason
        return BrokerError(.refused, "\(server.name): the server's certificate is not trusted: \(problem)")
    }

    // MARK: Bytes

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            ERR_clear_error()
            let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
            if count > 0 { return .moved(Int(count)) }
            let step = progress(count)
            guard case .moved = step else { return step }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        while accepted == 0 {
            ERR_clear_error()
            let count = SSL_write(ssl, bytes.baseAddress, Int32(min(bytes.count, 64 << 10)))
            accepted = Int(max(count, 0))
            if count > 0 { break }
            let step = progress(count)
            guard case .moved = step else { return step }
        }
        // Only what is sent counts: nobody would come again for the rest.
        let step = send()
        guard case .moved = step else { return step }
        defer { accepted = 0 }
        return .moved(accepted)
    }

    /// Does what OpenSSL needs done after a call that gave this.
    private func progress(_ status: Int32) -> Transfer {
        let reason = SSL_get_error(ssl, status)
        let sent = send()
        switch reason {
        case SSL_ERROR_WANT_READ:
            // Also where there is no room: a server with many replies to give takes nothing before they are read.
            let received = receive()
            if case .needsInput = received { return sent.isDone ? received : sent }
            return received
        case SSL_ERROR_WANT_WRITE: return sent
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(Self.lastError)
        }
    }

    private func receive() -> Transfer {
        let result = socket.read(into: input)
        if case .moved(let count) = result, count > 0 { BIO_write(arrived, input.baseAddress, Int32(count)) }
        return result
    }

    /// Sends all that is encrypted; what there is no room for is kept.
    private func send() -> Transfer {
        while true {
            if unsent.isEmpty {
                let count = BIO_read(leaving, output.baseAddress, Int32(output.count))
                guard count > 0 else { return .moved(0) }
                unsent = 0..<Int(count)
            }
            switch socket.write(UnsafeRawBufferPointer(rebasing: output[unsent])) {
            case .moved(let count): unsent = unsent.lowerBound + count..<unsent.upperBound
            case let other: return other
            }
        }
    }

    static var lastError: String {
        let code = ERR_get_error()
        guard code != 0 else { return "the connection broke" }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

/// What connections have in common: whom they trust, and who they are.
private final class TLSContext {
    let pointer: OpaquePointer

    init(_ tls: BrokerTLS, _ server: RedisServer) throws(BrokerError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw BrokerError(.unreachable, "\(server.name): TLS: \(EncryptedSocket.lastError)")
        }
        self.pointer = pointer
        _ = tide_ssl_require_tls_1_2(pointer)
        SSL_CTX_set_verify(pointer, tls.isInsecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
        if let path = tls.authorities {
            try use(path, "tls/ca", server) { SSL_CTX_load_verify_locations(pointer, $0, nil) }
        } else {
            SSL_CTX_set_default_verify_paths(pointer)
        }
        if let certificate = tls.certificate, let key = tls.key {
            try use(certificate, "tls/certificate", server) { SSL_CTX_use_certificate_chain_file(pointer, $0) }
            try use(key, "tls/key", server) { SSL_CTX_use_PrivateKey_file(pointer, $0, SSL_FILETYPE_PEM) }
        }
    }

    deinit { SSL_CTX_free(pointer) }

    private func use(
        _ path: String,
        _ field: String,
        _ server: RedisServer,
        _ load: (String) -> Int32
    ) throws(BrokerError) {
        if load(path) == 1 { return }
        let problem = EncryptedSocket.lastError
        throw BrokerError(
            .misconfigured,
            "\(server.name): can't use \(path), the file that `\(field)` names: \(problem)"
        )
    }
}
