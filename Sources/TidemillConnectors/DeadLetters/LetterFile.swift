import Glibc
package import Tidemill

/// A file of dead letters, and the journal beside it.
package struct LetterFile: Sendable {
    /// The file itself, where the configuration names a link to it.
    package let path: String
    /// Which letters a replay has done; there only while one is on its way, or after it was killed.
    var journalPath: String { path + ".replay" }
    /// What will be the file when it is complete.
    var newPath: String { path + ".new" }

    package init(_ path: String) {
        guard let real = realpath(path, nil) else {
            self.path = path
            return
        }
        defer { free(real) }
        self.path = String(cString: real)
    }

    /// Whether there is one.
    package var exists: Bool { access(path, F_OK) == 0 }

    /// Which of its letters are there no more, although the file still has them.
    package func gone() throws -> GoneLetters {
        guard exists, let done = try LetterJournal.read(journalPath) else { return GoneLetters() }
        return try gone(done: done)
    }

    /// The same, given which letters were replayed to their end.
    func gone(done: Set<DeadLetterID>) throws -> GoneLetters {
        var replaced: Set<DeadLetterID> = []
        try forEach { letter in
            if let id = letter.replaces, !done.contains(id) { replaced.insert(id) }
        }
        if replaced.isEmpty { return GoneLetters(done: done) }
        var unfinished: Set<DeadLetterID> = []
        try forEach { letter in
            if replaced.contains(letter.id) { unfinished.insert(letter.id) }
        }
        return GoneLetters(done: done, unfinished: unfinished)
    }

    private func forEach(_ body: (DeadLetter) -> Void) throws {
        var reader = try LetterReader(path)
        while let entry = try reader.next() {
            if case .success(let letter) = entry.content { body(letter) }
        }
    }
}

/// The letters of a file that no longer count.
package struct GoneLetters: Sendable {
    /// Replayed to their end.
    var done: Set<DeadLetterID> = []
    /// Replayed, but not to their end: they stand, and what became of a part of them meanwhile does not, for they will
    /// be replayed as a whole.
    var unfinished: Set<DeadLetterID> = []

    package init() {}

    init(done: Set<DeadLetterID>, unfinished: Set<DeadLetterID> = []) {
        self.done = done
        self.unfinished = unfinished
    }

    package func contains(_ letter: DeadLetter) -> Bool {
        done.contains(letter.id) || letter.replaces.map { unfinished.contains($0) } ?? false
    }
}
