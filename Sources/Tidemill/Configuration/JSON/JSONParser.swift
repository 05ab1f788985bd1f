/// A recursive-descent parser; the depth limit bounds its recursion.
struct JSONParser {
    var scanner: JSONScanner
    let depthLimit: Int
    var collector = IssueCollector()
    private var depth = 0

    init(scanner: JSONScanner, depthLimit: Int) {
        self.scanner = scanner
        self.depthLimit = depthLimit
    }

    mutating func parseDocument() throws(ConfigurationError) -> JSONNode {
        try scanner.skipBlanks()
        let root = try parseValue(.root)
        try scanner.skipBlanks()
        guard scanner.next == nil else {
            throw failure("expected the end of the file, found \(scanner.foundCharacter)", .root)
        }
        return root
    }

    private mutating func parseValue(_ pointer: JSONPointer) throws(ConfigurationError) -> JSONNode {
        let start = scanner.location
        switch scanner.next {
        case UInt8(ascii: "{"):
            try enter()
            defer { depth -= 1 }
            return JSONNode(try parseObject(pointer), at: start)
        case UInt8(ascii: "["):
            try enter()
            defer { depth -= 1 }
            return JSONNode(try parseArray(pointer), at: start)
        case UInt8(ascii: "\""):
            return JSONNode(.string(try parseString(pointer)), at: start)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return JSONNode(try parseNumber(pointer), at: start)
        case .some(UInt8(ascii: "a")...UInt8(ascii: "z")), .some(UInt8(ascii: "A")...UInt8(ascii: "Z")):
            return JSONNode(try parseWord(pointer), at: start)
        default:
            throw failure("expected a value, found \(scanner.foundCharacter)", pointer)
        }
    }

    private mutating func enter() throws(ConfigurationError) {
        guard depth < depthLimit else {
            throw failure("more than \(depthLimit) arrays and objects within each other", .root)
        }
        depth += 1
    }

    private mutating func parseObject(_ pointer: JSONPointer) throws(ConfigurationError) -> JSONNode.Kind {
        scanner.take()
        var members: [JSONMember] = []
        var firstLines: [String: Int] = [:]
        try scanner.skipBlanks()
        while !scanner.take("}") {
            let keyLocation = scanner.location
            guard scanner.next == UInt8(ascii: "\"") else {
                let expected = members.isEmpty ? "a key in double quotes or \"}\"" : "a key in double quotes"
                throw failure("expected \(expected), found \(scanner.foundCharacter)", pointer)
            }
            let key = try parseString(pointer)
            let path = pointer.appending(key)
            try scanner.skipBlanks()
            guard scanner.take(":") else {
                throw failure("expected \":\" after the key, found \(scanner.foundCharacter)", path)
            }
            try scanner.skipBlanks()
            let value = try parseValue(path)
            if let line = firstLines[key] {
                let message = "the key \(Spelling.quoted(key)) is given twice"
                collector.add(.init(at: keyLocation, path, message, hint: "it is first given in line \(line)"))
            } else {
                firstLines[key] = keyLocation.line
                members.append(JSONMember(key, at: keyLocation, value))
            }
            try parseSeparator(closedBy: "}", pointer)
        }
        return .object(members)
    }

    private mutating func parseArray(_ pointer: JSONPointer) throws(ConfigurationError) -> JSONNode.Kind {
        scanner.take()
        var elements: [JSONNode] = []
        try scanner.skipBlanks()
        while !scanner.take("]") {
            elements.append(try parseValue(pointer.appending(elements.count)))
            try parseSeparator(closedBy: "]", pointer)
        }
        return .array(elements)
    }

    /// Takes the comma after an element; a bracket that follows at once may stand without one.
    private mutating func parseSeparator(
        closedBy close: Unicode.Scalar,
        _ pointer: JSONPointer
    ) throws(ConfigurationError) {
        try scanner.skipBlanks()
        guard scanner.next != UInt8(ascii: close) else { return }
        guard scanner.take(",") else {
            throw failure("expected \",\" or \"\(close)\", found \(scanner.foundCharacter)", pointer)
        }
        try scanner.skipBlanks()
    }

    private mutating func parseWord(_ pointer: JSONPointer) throws(ConfigurationError) -> JSONNode.Kind {
        let start = scanner.location
        let word = String(decoding: scanner.take(while: Self.isWord), as: UTF8.self)
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        default:
            let hint =
                Spelling.didYouMean(word, among: ["true", "false", "null"]) ?? "text needs double quotes"
            let message = "expected a value, found the word \(Spelling.quoted(word))"
            throw failure(message, pointer, hint: hint, at: start)
        }
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The error that ends the parsing, with what was found before it; it is here unless a place is given.
    func failure(
        _ message: String,
        _ pointer: JSONPointer,
        hint: String? = nil,
        at location: SourceLocation? = nil
    ) -> ConfigurationError {
        let location = location ?? scanner.location
        return ConfigurationError(collector.issues + [.init(at: location, pointer, message, hint: hint)])
    }
}
