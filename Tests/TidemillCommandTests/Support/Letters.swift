import Foundation
import TestSupport

extension Folder {
    /// Runs `tidemill dead-letters` here, on `c.json`.
    func letters(_ command: String, _ arguments: String...) async throws -> Program.Result {
        let file = command == "show" ? ["--config", "c.json"] : ["c.json"]
        return try await Program.run(["dead-letters", command] + file + arguments, in: url)
    }

    /// The letters as `list --format json` gives them.
    func listed(_ arguments: String...) async throws -> [[String: Any]] {
        let arguments = ["dead-letters", "list", "c.json", "--format", "json"] + arguments
        let result = try await Program.run(arguments, in: url)
        return try result.output.split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
    }

    /// The values of the letters that there are, where they are texts.
    func listedValues(_ arguments: String...) async throws -> [String] {
        let arguments = ["dead-letters", "list", "c.json", "--format", "json"] + arguments
        let result = try await Program.run(arguments, in: url)
        return try result.output.split(separator: "\n").compactMap { try Letter(String($0))?.value }
    }

    func startReplay(_ arguments: String...) throws -> Running {
        try Program.start(["dead-letters", "replay", "c.json"] + arguments, in: url)
    }
}
