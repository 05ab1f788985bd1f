import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The exit statuses that `tidemill --help` names; 64 for usage is ArgumentParser's own.
extension ExitCode {
    static let unfinished = ExitCode(75)
    static let configuration = ExitCode(78)
    static let interrupted = ExitCode(130)
    static let terminated = ExitCode(143)
}

/// Writes a line for a person to standard error.
func complain(_ line: String) {
    fputs(line + "\n", stderr)
}
