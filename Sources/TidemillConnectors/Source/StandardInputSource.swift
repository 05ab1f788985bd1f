import Glibc
public import Tidemill

/// Reads standard input, plain or packed with gzip or zstd; every line goes on as soon as it is there.
public struct StandardInputSource: Source {
    private let format: InputFormat
    private let limits: InputLimits
    private let descriptor: Int32

    /// It waits for input.
    public var blocksItsThread: Bool { true }

    /// A source of the process's standard input.
    public init(format: InputFormat = .lines, limits: InputLimits = InputLimits()) {
        self.init(descriptor: STDIN_FILENO, format: format, limits: limits)
    }

    /// A source of another descriptor that is open for reading, a pipe's or a socket's; it stays open.
    public init(descriptor: Int32, format: InputFormat = .lines, limits: InputLimits = InputLimits()) {
        self.format = format
        self.limits = limits
        self.descriptor = descriptor
    }

    /// Sends everything there is, until the input's end.
    public func run(_ output: SourceOutput) async throws {
        let stop = try StopSignal()
        let input = DescriptorInput(Descriptor(descriptor, owned: false), path: "stdin", stop: stop)
        try await withTaskCancellationHandler {
            let decoder = InputDecoder(format: format, limits: limits, path: "stdin", output: output) {
                output.report(done: Int64(input.position), of: nil)
            }
            try await decoder.decode(decompressing(input, path: "stdin"))
        } onCancel: {
            stop.stop()
        }
    }
}

extension StandardInputSource {
    /// The source `stdin` of configurations.
    public static let component = SourceComponent(
        "stdin",
        "Reads standard input, plain or packed with gzip or zstd.",
        fields: InputFields.all,
        files: { _ in [FileUse(.alone, "standard input", field: "type")] }
    ) { settings in
        StandardInputSource(format: try InputFields.format(settings), limits: InputFields.limits(settings))
    }
}
