import Glibc
import Synchronization
public import Tidemill
import TidemillValue

/// Writes every job to a file of its own, whose name comes from the job's metadata.
///
/// The name is a template: `{name}` is the metadata's field `name`, `{key}` the job's key. It may have folders in it,
/// which are made, but never leads out of the directory, not even through a symbolic link: such a job fails, as does
/// one whose metadata lacks a field of the name. A file is written under a temporary name (`.name.tmp-…`) beside its
/// place and then renamed: nobody sees half a file. What a crash left of such files is removed when the sink opens.
/// Files are not forced to the disk one by one.
public final class DirectorySink: Sink {
    /// What a file holds.
    public enum Content: String, Hashable, Sendable, CaseIterable {
        /// The bytes of a string as they are.
        case raw
        /// The value as JSON on one line.
        case json
    }

    private struct State: ~Copyable {
        var folder: ConfinedFolder?
        var writer = ByteWriter()
        var number: UInt64 = 0
    }

    private let path: String
    private let name: JobTemplate
    private let content: Content
    private let replaces: Bool
    private let state = Mutex(State())

    /// It waits in `write`.
    public var blocksItsThread: Bool { true }

    /// A sink for the directory at `path`.
    ///
    /// With `replaces` false, a job whose file is there already fails.
    ///
    /// - Throws: ``FileProblem`` when the braces of `name` don't match.
    public init(
        _ path: String,
        name: String = "{name}",
        content: Content = .raw,
        replaces: Bool = true
    ) throws(FileProblem) {
        self.path = path
        do {
            self.name = try JobTemplate(name, purpose: "the file's name")
        } catch {
            throw FileProblem(problem: error.description)
        }
        self.content = content
        self.replaces = replaces
    }

    /// Makes the directory if need be, and removes what a crash left there.
    public func open() async throws {
        let folder = try ConfinedFolder(path)
        state.withLock { $0.folder = folder }
    }

    /// Writes a file for each job.
    public func write(_ batch: borrowing SinkBatch) async throws {
        for index in 0..<batch.count {
            do {
                try write(batch[index])
            } catch let error as SystemError where error.isOfTheDisk {
                throw error
            } catch let failure as JobFailure {
                batch.fail(index, failure)
            } catch {
                batch.fail(index, JobFailure(.sink, String(describing: error)))
            }
        }
    }

    /// Lets others clean up.
    public func close() async throws {
        state.withLock { $0.folder = nil }
    }

    private func write(_ job: Job) throws {
        let name = try name.text(for: job)
        try state.withLock { state in
            guard let folder = state.folder else { throw FileProblem(path, "is not open") }
            state.number += 1
            let bytes = try encode(job.value, with: &state.writer)
            try folder.write(name, number: state.number, replaces: replaces) { file in
                var output = OutputWriter(file, path: "\(path)/\(name)", end: nil)
                try bytes.withUnsafeBytes { try output.write([$0]) }
            }
        }
    }

    private func encode(_ value: Value, with writer: inout ByteWriter) throws(JobFailure) -> Bytes {
        switch content {
        case .raw:
            if let bytes = value.content { return bytes }
            let wayOut = value.object == nil ? "format json can write it" : "a script encodes it first"
            throw JobFailure(.sink, "\(value.kindName) has no raw bytes (\(wayOut))")
        case .json:
            writer.removeAll()
            try writer.append(sinkJSON: value)
            writer.append(UInt8(ascii: "\n"))
            return writer.take()
        }
    }
}

extension SystemError {
    /// Whether no other file would fare better.
    fileprivate var isOfTheDisk: Bool {
        [ENOSPC, EIO, EDQUOT, EROFS, EMFILE, ENFILE].contains(code)
    }
}

extension DirectorySink {
    /// The sink `directory` of configurations.
    public static let component = SinkComponent(
        "directory",
        "Writes every job to a file of its own.",
        fields: [
            FieldSpecification("path", .path, "The directory, which is made if need be.", required: true),
            FieldSpecification(
                "file_name",
                .string(allowsEmpty: false),
                "The file's name beneath the directory, with fields of the job's metadata, or its `key`, in braces.",
                default: "{name}",
                examples: ["{name}.json", "{user}/{id}.txt"]
            ),
            FieldSpecification(
                "format",
                .choice(Content.allCases.map(\.rawValue)),
                "What a file holds: `raw` is the bytes of a string or a blob, `json` any value as JSON.",
                default: "raw"
            ),
            FieldSpecification(
                "if_exists",
                .choice(["replace", "fail"]),
                "What happens to a file that is there: it is replaced, or "
                    + "the job fails.",
                default: "replace"
            ),
        ]
    ) { settings in
        let path = settings.string("path")
        if let kind = try? FileStatus.of(path).kind, kind != .directory {
            let hint = "a sink of type \"file\" writes a file"
            throw ConfigurationError([settings.issue(at: "path", "\(path): is no directory", hint: hint)])
        }
        do {
            return try DirectorySink(
                path,
                name: settings.string("file_name"),
                content: Content(rawValue: settings.string("format")) ?? .raw,
                replaces: settings.string("if_exists") == "replace"
            )
        } catch {
            throw ConfigurationError([settings.issue(at: "file_name", String(describing: error))])
        }
    }
}
