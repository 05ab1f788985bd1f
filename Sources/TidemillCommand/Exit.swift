import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The exit statuses that `tidemill --help` names; 64 for usage is ArgumentParser's own.
extension ExitCode {
    /// Something is left to do, or could not be done now; trying again may help.
    static let unfinished = ExitCode(75)
    static let configuration = ExitCode(78)
    static let interrupted = ExitCode(130)
    static let terminated = ExitCode(143)
}

/// Writes a line for a person to standard error.
func complain(_ line: String) {
    writeError(line + "\n")
}

/// Writes text to standard error as it is.
///
/// What can't be written there can't be reported either.
func writeError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        var written = 0
        while written < bytes.count {
            let count = write(STDERR_FILENO, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 && errno != EINTR { return }
            written += max(count, 0)
        }
    }
}
