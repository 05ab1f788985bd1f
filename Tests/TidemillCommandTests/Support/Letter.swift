import Foundation
import TestSupport

/// The parts of a dead letter that tests look at.
struct Letter {
    let value: String?
    let stage: String
    let message: String
    let kind: String
    let traceback: String?
    let attempts: Int
    let metadata: [String: Any]

    init?(_ line: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard let object, let error = object["error"] as? [String: Any], let job = object["job"] as? [String: Any],
            let stage = object["stage"] as? String, let message = error["message"] as? String,
            let kind = error["kind"] as? String
        else { return nil }
        value = object["value"] as? String
        self.stage = stage
        self.message = message
        self.kind = kind
        traceback = error["traceback"] as? String
        attempts = (object["attempts"] as? [Any])?.count ?? 0
        metadata = job["metadata"] as? [String: Any] ?? [:]
    }
}

extension Folder {
    func letters() throws -> [Letter] { try lines("dead.jsonl").compactMap { try Letter($0) } }
}

/// A JSON text with its keys in order, so that two of the same meaning are equal.
func canonical(_ json: String) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .fragmentsAllowed])
    return String(decoding: data, as: UTF8.self)
}
