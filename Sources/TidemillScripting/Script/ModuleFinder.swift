/// Finds what a script requires in the script's own folder: `require "lib.csv"` is `lib/csv.lua` there.
struct ModuleFinder: Sendable {
    let folder: String

    enum Found {
        case source(text: [UInt8], path: String)
        case missing(String)
    }

    /// Names are made of letters, digits, `_` and `-`, with dots between, so that none can lead out of the folder.
    func find(_ name: String) -> Found {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        }
        guard isName else { return .missing("\"\(name)\" is not the name of a module") }
        // Errors name the file, so it is written as one would write it.
        let path = (folder == "." ? "" : folder + "/") + parts.joined(separator: "/") + ".lua"
        do throws(ScriptFile.FileError) {
            return .source(text: try ScriptFile.read(path, limit: ScriptFile.limit), path: path)
        } catch {
            return .missing("there is no module \"\(name)\": \(path): \(error)")
        }
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
