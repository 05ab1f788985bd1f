import Glibc

/// A system call on a file that failed, in words: which file, what was tried, and the system's reason.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as the configuration names it.
    public let path: String
    /// What was tried, as in "can't open".
    public let action: String
    /// The system's error number.
    public let code: Int32

    /// A failure with the error number that a call just set.
    init(_ path: String, _ action: String, _ code: Int32 = errno) {
        self.path = path
        self.action = action
        self.code = code
    }

    /// One sentence for a person.
    public var description: String { "\(path): \(action): \(String(cString: strerror(code)))" }
}

/// Something about a file that is not as a component needs it, in words.
public struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence for a person, the path first.
    public let description: String

    init(problem: String) { description = problem }

    init(_ path: String, _ reason: String) { description = "\(path): \(reason)" }
}

/// Calls `body` again as long as a signal interrupts it.
@inline(__always)
func retryingInterrupts(_ body: () -> Int) -> Int {
    while true {
        let result = body()
        if result >= 0 || errno != EINTR { return result }
    }
}
