import Glibc
public import Tidemill

/// Reads files: plain, or packed with gzip or zstd, which is known by their first bytes.
///
/// A path may be a glob (`*`, `?`, `[…]`); its matches come in the order of their names. A file that the list names
/// must be there and readable, and a glob must match something: otherwise the run fails before the first job. A file
/// that a glob found and that is gone or locked when its turn comes fails as one job (its value is the path) and the
/// run goes on. What is added to a file while it is read is read too; a file that is cut short just ends. Damaged or
/// cut gzip and zstd data fails the run, after all that was good.
///
/// Lines carry no metadata, so that they cost nothing; a whole file has `path` and `name`, and a line that fails has
/// `path` and `line`.
public struct FileSource: Source {
    private let paths: [String]
    private let format: InputFormat
    private let limits: InputLimits
    private let checkpoint: String?
    private let kept = Kept<FileCheckpoint>()

    /// It waits in `read`.
    public var blocksItsThread: Bool { true }

    /// A source of the files that `paths` and globs among them stand for, one after the other.
    ///
    /// With a `checkpoint`, a folder, it goes on behind what earlier runs settled.
    public init(
        _ paths: [String],
        format: InputFormat = .lines,
        limits: InputLimits = InputLimits(),
        checkpoint: String? = nil
    ) {
        self.paths = paths
        self.format = format
        self.limits = limits
        self.checkpoint = checkpoint
    }

    /// A source of one file, or of what a glob matches.
    public init(
        _ path: String,
        format: InputFormat = .lines,
        limits: InputLimits = InputLimits(),
        checkpoint: String? = nil
    ) {
        self.init([path], format: format, limits: limits, checkpoint: checkpoint)
    }

    /// Sends everything there is in the files, or everything new.
    public func run(_ output: SourceOutput) async throws {
        let entries = try FilePaths.resolve(paths)
        let checkpoint = try checkpoint.map { folder in
            if let entry = entries.first(where: { $0.mayWait }) {
                throw FileProblem(entry.path, "is no regular file, and so there is no position in it (checkpoint)")
            }
            let paths = entries.map(\.path)
            return try FileCheckpoint(
                folder: folder,
                node: output.name,
                format: format,
                paths: paths,
                logger: output.logger
            )
        }
        kept.put(checkpoint)
        let stop = try StopSignal()
        try await withTaskCancellationHandler {
            try await read(entries, checkpoint, output, stop)
        } onCancel: {
            stop.stop()
        }
    }

    /// Writes down how far it came.
    public func close(_ output: SourceOutput) async throws {
        try kept.take()?.close(settled: output.settledCount, sent: output.sentCount)
    }

    private func read(
        _ entries: [FilePaths.Entry],
        _ checkpoint: FileCheckpoint?,
        _ output: SourceOutput,
        _ stop: StopSignal
    ) async throws {
        let total = entries.contains { $0.mayWait } ? nil : entries.reduce(0) { $0 + $1.size }
        var done = 0
        let pace = BatchPace(forCheckpoint: ())
        for entry in entries {
            try Task.checkCancellation()
            guard let descriptor = try await open(entry, output) else { continue }
            let file = DescriptorInput(descriptor, path: entry.path, stop: entry.mayWait ? stop : nil)
            let before = done
            var decoder = InputDecoder(format: format, limits: limits, path: entry.path, output: output) {
                output.report(done: Int64(before + min(file.position, entry.size)), of: total.map(Int64.init))
            }
            if let checkpoint {
                try await resume(file, checkpoint, pace, &decoder)
            } else {
                try await decoder.decode(decompressing(file, path: entry.path))
            }
            done += entry.size
            output.report(done: Int64(done), of: total.map(Int64.init))
        }
    }

    private func resume(
        _ file: DescriptorInput,
        _ checkpoint: FileCheckpoint,
        _ pace: BatchPace,
        _ decoder: inout InputDecoder
    ) async throws {
        guard case .read(let start) = try checkpoint.begin(file.path, file.descriptor) else { return }
        decoder.marker = InputMarker(checkpoint: checkpoint, descriptor: file.descriptor)
        decoder.start = start
        decoder.pace = pace
        if start.start > 0, case .csv(let dialect) = format, dialect.hasHeader {
            decoder.columns = try unpacked(file, from: 0).map { try decoder.header(of: $0, dialect) }
        }
        var input = try unpacked(file, from: start.start)
        if input == nil {
            checkpoint.beginAnew()
            decoder.start = InputPosition()
            decoder.columns = nil
            input = try unpacked(file, from: 0)
        }
        if let input { try await decoder.decode(input) }
        checkpoint.finish(size: file.position, sent: decoder.output.sentCount)
    }

    private func open(_ entry: FilePaths.Entry, _ output: SourceOutput) async throws -> Descriptor? {
        // A FIFO without a writer would hold up `open`; the reads wait for one.
        do throws(SystemError) {
            return try Descriptor.open(entry.path, O_RDONLY | (entry.mayWait ? O_NONBLOCK : 0))
        } catch {
            guard entry.isMatch else { throw error }
            try await output.fail(Job(.string(Bytes(entry.path))), JobFailure(.input, error.description))
            return nil
        }
    }
}

extension FileSource {
    /// The source `file` of configurations.
    public static let component = SourceComponent(
        "file",
        "Reads files, plain or packed with gzip or zstd.",
        fields: [
            FieldSpecification(
                "path",
                .oneOrMany(.path),
                "A file, a list of files, or globs, which must match something.",
                required: true,
                examples: ["logs/access.log", "logs/*.gz"]
            ),
            CheckpointFields.field(
                "A file is known by its inode and its first bytes: one that has grown is read on, one that was "
                    + "rewritten or cut is read again, and a new match of a glob is read."
            ),
        ] + InputFields.all,
        files: { settings in
            CheckpointFields.uses(settings)
                + settings.strings("path").enumerated().map { FileUse(.read, $1, field: "path", element: $0) }
        }
    ) { settings in
        let missing = settings.strings("path").enumerated().compactMap { index, path in
            FilePaths.problem(with: path).map { settings.issue(at: "path", element: index, $0.message, hint: $0.hint) }
        }
        let issues = missing + CheckpointFields.issues(settings) + CheckpointFields.issues(settings, files: "path")
        if !issues.isEmpty { throw ConfigurationError(issues) }
        return FileSource(
            settings.strings("path"),
            format: try InputFields.format(settings),
            limits: InputFields.limits(settings),
            checkpoint: settings.optionalString(CheckpointFields.name)
        )
    }
}
