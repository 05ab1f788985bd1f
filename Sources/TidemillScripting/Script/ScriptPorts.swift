/// Which ports a script emits to, as far as can be known before it runs: those that it declares (`ports = { … }`), or
/// else those that its text names literally in `to = "…"`.
enum ScriptPorts {
    static func named(in text: [UInt8]) -> [String] {
        var ports: [String] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            for port in literals(in: String(decoding: line, as: UTF8.self)) where !ports.contains(port) {
                ports.append(port)
            }
        }
        return ports
    }

    private static func literals(in line: String) -> [String] {
        let code = line.prefix(upTo: line.firstRange(of: "--")?.lowerBound ?? line.endIndex)
        return code.matches(of: #/\bto\s*=\s*(["'])([A-Za-z0-9_-]+)\1/#).map { String($0.output.2) }
    }
}
