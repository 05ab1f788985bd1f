/// Finds the word somebody meant and writes lists of words for messages.
package enum Spelling {
    /// Longer words are not names anybody mistyped; the bound keeps hostile files cheap.
    private static let longest = 64

    /// The candidate nearest to `word`, if it is near enough to be a slip of the finger.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let letters = Array(word.lowercased().unicodeScalars.prefix(longest + 1))
        guard !letters.isEmpty, letters.count <= longest else { return nil }
        let allowed = max(1, letters.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = Array(candidate.lowercased().unicodeScalars.prefix(longest + 1))
            guard abs(other.count - letters.count) <= allowed else { continue }
            let distance = editDistance(letters, other)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// "did you mean …?" if there is a near candidate.
    package static func didYouMean(_ word: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: word, among: candidates).map { "did you mean \(quoted($0))?" }
    }

    /// `a, b or c`.
    package static func alternatives(_ words: [String], joint: String = "or") -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(joint) " + last
    }

    /// The text in quotes, as JSON would write it, cut where it is too long for a message.
    package static func quoted(_ text: String) -> String {
        guard let cut = text.index(text.startIndex, offsetBy: longest, limitedBy: text.endIndex), cut != text.endIndex
        else { return JSONText.quoted(text) }
        return JSONText.quoted(text[..<cut] + "…")
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
    package static func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let same = left[row] == right[column]
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
