import Glibc
import Synchronization
import Tidemill

/// The field by which a source keeps its place, and what is checked before anything runs.
enum CheckpointFields {
    static let name = "checkpoint"

    static func field(_ what: String) -> FieldSpecification {
        FieldSpecification(
            name,
            .path,
            "A folder in which the source keeps its place, so that the next run goes on behind what this one settled, "
                + "also when it was killed. \(what)",
            examples: ["state"]
        )
    }

    /// Where the source `node` keeps its place.
    static func path(_ folder: String, _ node: String) -> String { "\(folder)/\(node).checkpoint" }

    static func uses(_ settings: Settings) -> [FileUse] {
        settings.optionalString(name).map { folder in
            [FileUse(.position, path(folder, settings.string("name")), field: name)]
        } ?? []
    }

    /// What is wrong with the folder now.
    static func issues(_ settings: Settings) -> [ConfigurationIssue] {
        guard let folder = settings.optionalString(name), let status = try? FileStatus.of(folder),
            status.kind != .directory
        else { return [] }
        let hint = "a file for each source is made in the folder"
        return [settings.issue(at: name, "\(folder): is no directory", hint: hint)]
    }

    /// There is no position in a pipe or a device.
    static func issues(_ settings: Settings, files field: String) -> [ConfigurationIssue] {
        guard settings.has(name) else { return [] }
        return settings.strings(field).enumerated().compactMap { index, path in
            guard (try? FileStatus.of(path).kind) == .other else { return nil }
            return settings.issue(
                at: field,
                element: index,
                "\(path): is no regular file, and so there is no position in it",
                hint: "leave out \"checkpoint\""
            )
        }
    }

    /// The checkpoint would be one of the files that a source of a directory reads.
    static func issues(
        _ settings: Settings,
        inside directory: String,
        _ pattern: String,
        isRecursive: Bool
    ) -> [ConfigurationIssue] {
        guard let folder = settings.optionalString(name), let home = try? realPath(of: directory),
            let place = try? realPath(of: folder),
            place == home || isRecursive && place.hasPrefix(home == "/" ? home : home + "/"),
            fileName("\(settings.string("name")).checkpoint", matches: pattern)
        else { return [] }
        let hint = "name a folder outside of \(directory)"
        return [settings.issue(at: name, "\(folder): the source would read its own checkpoint", hint: hint)]
    }
}

/// What a source keeps from its run to its close.
final class Kept<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func put(_ new: Value?) { value.withLock { $0 = new } }

    func take() -> Value? { value.withLock { $0.take() } }
}
