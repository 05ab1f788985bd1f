package import Tidemill
import TidemillValue

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// Which dead letters are meant; an empty filter means all.
package struct LetterFilter: Sendable {
    package var stages: Set<String> = []
    package var kinds: Set<String> = []
    package var since: Date?
    package var until: Date?
    package var ids: Set<DeadLetterID> = []
    /// What the error, the key, or a string or number of the value or the metadata contains.
    package var text: String?

    package init() {}

    package func accepts(_ letter: DeadLetter) -> Bool {
        if !ids.isEmpty, !ids.contains(letter.id) { return false }
        if !stages.isEmpty, !stages.contains(letter.stage) { return false }
        if !kinds.isEmpty, !kinds.contains(letter.kind) { return false }
        return isInTime(letter) && hasText(letter)
    }

    private func isInTime(_ letter: DeadLetter) -> Bool {
        if since == nil, until == nil { return true }
        guard let date = letter.date else { return false }
        return since.map { date >= $0 } ?? true && until.map { date <= $0 } ?? true
    }

    private func hasText(_ letter: DeadLetter) -> Bool {
        guard let text else { return true }
        let wanted = Array(text.utf8)
        return Bytes(letter.message).contains(wanted) || letter.key?.contains(wanted) ?? false
            || letter.value.contains(wanted) || letter.metadata.contains(wanted)
    }
}

extension Value {
    fileprivate func contains(_ wanted: [UInt8]) -> Bool {
        switch self {
        case .null, .bool, .object: false
        case .integer, .number: Bytes(description).contains(wanted)
        case .string(let bytes): bytes.contains(wanted)
        case .record(let record):
            if let elements = record.elements {
                elements.contains { $0.contains(wanted) }
            } else {
                record.entries?.contains { $0.key.contains(wanted) || $0.value.contains(wanted) } ?? false
            }
        }
    }
}

extension Bytes {
    fileprivate func contains(_ wanted: [UInt8]) -> Bool {
        withUnsafeBytes { bytes in
            guard let first = wanted.first else { return true }
            guard bytes.count >= wanted.count else { return false }
            return (0...bytes.count - wanted.count).contains { start in
                bytes[start] == first && bytes[start..<start + wanted.count].elementsEqual(wanted)
            }
        }
    }
}
