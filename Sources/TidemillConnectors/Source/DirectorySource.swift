import Glibc
import Logging
public import Tidemill

/// Reads the files of a directory, each as one job, in the order of their names.
///
/// A job's metadata has `name` (beneath the directory), `path`, `size` and `modified` (ISO 8601, UTC). Bytes are as
/// they are in the file: nothing is unpacked. Only regular files count, and those that begin with a dot only if the
/// pattern does; a symbolic link that leads out of the directory is skipped with a warning. A file that is too large,
/// or gone or locked when its turn comes, fails as one job, whose value is its path.
public struct DirectorySource: Source {
    /// What a job's value is.
    public enum Content: String, Hashable, Sendable, CaseIterable {
        /// The file's bytes.
        case whole
        /// The file's bytes as a ``Tidemill/Blob``, which scripts hold by a handle.
        case blob
        /// The file's path.
        case path
    }

    private let path: String
    private let pattern: String
    private let isRecursive: Bool
    private let content: Content
    private let limit: Int
    private let checkpoint: String?
    private let kept = Kept<DirectoryCheckpoint>()

    /// It waits in `read`.
    public var blocksItsThread: Bool { true }

    /// A source of the files of the directory at `path` whose name matches the glob `pattern`, and, if it is
    /// recursive, of those beneath.
    ///
    /// A file may have up to `limit` bytes. With a `checkpoint`, a folder, files that earlier runs settled are left out.
    public init(
        _ path: String,
        pattern: String = "*",
        isRecursive: Bool = false,
        content: Content = .whole,
        limit: Int = 64 << 20,
        checkpoint: String? = nil
    ) {
        self.path = path
        self.pattern = pattern
        self.isRecursive = isRecursive
        self.content = content
        self.limit = limit
        self.checkpoint = checkpoint
    }

    /// Sends every file that is there when it starts, or every new one.
    public func run(_ output: SourceOutput) async throws {
        let checkpoint = try checkpoint.map {
            try DirectoryCheckpoint(folder: $0, node: output.name, path: path, logger: output.logger)
        }
        kept.put(checkpoint)
        let listing = DirectoryListing(root: path, pattern: pattern, isRecursive: isRecursive) { link in
            output.logger.warning(
                "skipped a symbolic link that leads out of the directory",
                metadata: ["path": "\(link)"]
            )
        }
        let files = try listing.files()
        for (index, file) in files.enumerated() {
            try Task.checkCancellation()
            output.report(done: Int64(index), of: Int64(files.count))
            try checkpoint?.check()
            try await send(file, checkpoint, output)
        }
        output.report(done: Int64(files.count), of: Int64(files.count))
    }

    /// Waits until what is done is on the disk.
    public func close(_ output: SourceOutput) async throws { try kept.take()?.close() }

    private func send(
        _ file: DirectoryListing.Entry,
        _ checkpoint: DirectoryCheckpoint?,
        _ output: SourceOutput
    ) async throws {
        let stamp = checkpoint.flatMap { _ in try? DirectoryCheckpoint.Stamp(FileStatus.of(file.path)) }
        if let checkpoint, let stamp, checkpoint.isDone(file.name, stamp) { return }
        // A file that changes from here on has another stamp, and so is read again.
        var receipt: (@Sendable (Outcome) -> Void)?
        if let checkpoint, let stamp { receipt = { checkpoint.note(file.name, stamp, $0) } }
        let job: Job
        do {
            job = try self.job(of: file)
        } catch let error as FileProblem {
            return try await fail(file, error, output, receipt)
        } catch let error as SystemError {
            return try await fail(file, error, output, receipt)
        }
        try await output.send(job, acknowledge: receipt)
    }

    private func fail(
        _ file: DirectoryListing.Entry,
        _ reason: any Error,
        _ output: SourceOutput,
        _ receipt: (@Sendable (Outcome) -> Void)?
    ) async throws {
        let metadata = Value.table([("name", .string(Bytes(file.name))), ("path", .string(Bytes(file.path)))])
        let job = Job(.string(Bytes(file.path)), metadata: metadata)
        try await output.fail(job, JobFailure(.input, String(describing: reason)), acknowledge: receipt)
    }

    private func job(of file: DirectoryListing.Entry) throws -> Job {
        let descriptor = try Descriptor.open(file.path, O_RDONLY | O_NONBLOCK)
        let status = try descriptor.status()
        guard status.kind == .regular else { throw FileProblem(file.path, "is no regular file any more") }
        let bytes = content == .path ? Bytes(file.path) : try bytes(of: descriptor, status, file.path)
        let metadata = Value.table([
            ("name", .string(Bytes(file.name))),
            ("path", .string(Bytes(file.path))),
            ("size", .integer(Int64(content == .path ? status.size : bytes.count))),
            ("modified", .string(Bytes(CivilTime(secondsSince1970: status.modified).iso8601))),
        ])
        return Job(content == .blob ? .object(Blob(bytes)) : .string(bytes), metadata: metadata)
    }

    private func bytes(of descriptor: Descriptor, _ status: FileStatus, _ path: String) throws -> Bytes {
        let input = DescriptorInput(descriptor, path: path, stop: nil)
        var window = InputWindow(input, expecting: min(status.size, limit))
        while try window.fill() {
            if window.count > limit { throw FileProblem(path, "has more than \(limit) bytes (max_size)") }
        }
        return window.slice(0, count: window.count)
    }
}

extension DirectorySource {
    /// The source `directory` of configurations.
    public static let component = SourceComponent(
        "directory",
        "Reads the files of a directory, each as one job with its name, path, size and time as metadata.",
        fields: [
            FieldSpecification("path", .path, "The directory.", required: true),
            FieldSpecification(
                "pattern",
                .string(allowsEmpty: false),
                "A glob that file names must match; `@(a|b)` is one of several.",
                default: "*",
                examples: ["*.png", "*.@(jpg|jpeg|png)"]
            ),
            FieldSpecification("recursive", .boolean, "Whether directories beneath it count too.", default: false),
            FieldSpecification(
                "format",
                .choice(Content.allCases.map(\.rawValue)),
                "What a job's value is: `whole` is the file's bytes as a string, `blob` as a blob, which goes from "
                    + "script to script without being copied; `path` is its path.",
                default: "whole"
            ),
            FieldSpecification("max_size", .size(in: 1...1 << 31), "The largest file.", default: "64MiB"),
            CheckpointFields.field(
                "Files that were settled are left out as long as their size and time of modification are the same."
            ),
        ],
        files: CheckpointFields.uses
    ) { settings in
        let path = settings.string("path")
        do {
            guard try FileStatus.of(path).kind == .directory else {
                let hint = "a source of type \"file\" reads a file"
                throw ConfigurationError([settings.issue(at: "path", "\(path): is no directory", hint: hint)])
            }
        } catch let error as SystemError {
            let hint = error.code == ENOENT ? "paths start from the folder of the configuration file" : nil
            let reason = error.code == ENOENT ? "\(path): there is no such directory" : error.description
            throw ConfigurationError([settings.issue(at: "path", reason, hint: hint)])
        }
        let isRecursive = settings.boolean("recursive")
        let issues =
            CheckpointFields.issues(settings)
            + CheckpointFields.issues(settings, inside: path, settings.string("pattern"), isRecursive: isRecursive)
        if !issues.isEmpty { throw ConfigurationError(issues) }
        return DirectorySource(
            path,
            pattern: settings.string("pattern"),
            isRecursive: isRecursive,
            content: Content(rawValue: settings.string("format")) ?? .whole,
            limit: settings.size("max_size"),
            checkpoint: settings.optionalString(CheckpointFields.name)
        )
    }
}
