import Foundation
import Synchronization

/// A server that a test starts on a free port of the loopback interface, and that ends with the test.
///
/// It keeps its port and its folder over restarts.
package final class LoopbackServer: Sendable {
    /// Where it listens, at 127.0.0.1.
    package let port: UInt16
    /// A folder of its own, for its data.
    package let folder: Folder
    private let program: URL
    private let arguments: [String]
    private let ready: String
    private let logsToErrors: Bool
    private let running = Mutex<Running?>(nil)

    /// A server that is not started yet.
    ///
    /// `arguments` may have `{port}` and `{folder}` in them; `ready` is what it writes when it can be used, to
    /// its standard error or output.
    package init(_ program: String, _ arguments: [String], ready: String, logsToErrors: Bool) throws {
        guard let path = Self.find(program) else {
            throw Missing(description: "the server \(program) is not installed: make setup-tools")
        }
        self.program = URL(fileURLWithPath: path)
        (port, folder) = (try Self.freePort(), try Folder())
        (self.ready, self.logsToErrors) = (ready, logsToErrors)
        let (port, folder) = (port, folder.url.path)
        self.arguments = arguments.map {
            $0.replacingOccurrences(of: "{port}", with: "\(port)").replacingOccurrences(of: "{folder}", with: folder)
        }
    }

    deinit { running.withLock { $0?.send(signal: SIGKILL) } }

    /// What a test can't start.
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts it, and waits until it can be used.
    package func start() async throws {
        let started = try Program.start(arguments, of: program, in: folder.url)
        running.withLock { $0 = started }
        if logsToErrors { try await started.waitForError(ready) } else { try await started.waitForOutput(ready) }
    }

    /// Stops it in order, or at once with SIGKILL, and waits for its end.
    package func stop(signal number: Int32 = SIGTERM) async {
        let stopped = running.withLock { running in
            defer { running = nil }
            return running
        }
        stopped?.send(signal: SIGCONT)
        stopped?.send(signal: number)
        _ = await stopped?.wait()
    }

    /// Stops it and starts it again, on the same port and data.
    package func restart(signal number: Int32 = SIGTERM) async throws {
        await stop(signal: number)
        try await start()
    }

    /// Keeps it from running on, as a machine that hangs, until ``resume()``.
    package func suspend() { running.withLock { $0?.send(signal: SIGSTOP) } }

    /// Lets it run on.
    package func resume() { running.withLock { $0?.send(signal: SIGCONT) } }

    private static func find(_ program: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        return folders.map { "\($0)/\(program)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// A port that nobody listens on now.
    package static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            let address = base.assumingMemoryBound(to: sockaddr.self)
            guard bind(descriptor, address, length) == 0 else { return -1 }
            return getsockname(descriptor, address, &length)
        }
        guard status == 0 else { throw Missing(description: "no free port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }
}
