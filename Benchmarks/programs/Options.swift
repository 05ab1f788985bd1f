/// What the command line asks for: a pattern, and options by name.
struct Options {
    static let usage = """
        usage: tidemill-bench pipe|chan|dispatch|lua-empty|order|order-stress|keys|waits|sleeps
            |idle|idle-workers|cancel|overhead|scaling|queue|queue-deep
            [--workers N] [--jobs N] [--runs N] [--wait MS] [--rate N] [--long compute|wait]
            [--dispatch MODE] [--order ORDER] [--keys uniform|zipf] [--work io|cpu]
            [--messages N] [--batch N] [--folder PATH]
        """

    let pattern: String
    private let rest: [String]

    init(_ arguments: some Collection<String>) {
        pattern = arguments.first ?? ""
        rest = Array(arguments.dropFirst())
    }

    func text(_ name: String) -> String? {
        guard let index = rest.firstIndex(of: name), index + 1 < rest.count else { return nil }
        return rest[index + 1]
    }

    func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    /// One of a few words.
    func choice<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ absent: Word) throws -> Word {
        guard let text = text(name) else { return absent }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw BenchmarkError(message: "\(name) \(text) is not one of \(words)")
    }
}
