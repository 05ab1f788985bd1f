/// What a configuration is read with; given by the caller, so that nothing here reads a global.
public struct ConfigurationContext: Sendable {
    /// The folder that relative paths start from; nil or empty for the process's own.
    public var baseDirectory: String?
    /// The variables that `{"$env": …}` may name.
    public var environment: [String: String]
    /// Reads a file for `{"$file": …}`; the error is the reason, as a clause.
    public var readFile: @Sendable (String) throws(FileReadError) -> [UInt8]

    /// Creates a context that reads files from the disk unless told otherwise.
    public init(
        baseDirectory: String? = nil,
        environment: [String: String] = [:],
        readFile: @escaping @Sendable (String) throws(FileReadError) -> [UInt8] = Self.readFromDisk
    ) {
        self.baseDirectory = baseDirectory
        self.environment = environment
        self.readFile = readFile
    }

    /// The bytes of a file on the disk, up to a mebibyte.
    /// - Throws: the system's reason, or that the file is too large.
    @Sendable
    public static func readFromDisk(_ path: String) throws(FileReadError) -> [UInt8] {
        try ConfigurationFile.read(path, limit: ConfigurationFile.secretLimit)
    }

    /// The path as the process can open it.
    func resolve(_ path: String) -> String {
        guard !path.hasPrefix("/"), let baseDirectory, !baseDirectory.isEmpty, baseDirectory != "." else {
            return path
        }
        return baseDirectory.hasSuffix("/") ? baseDirectory + path : baseDirectory + "/" + path
    }
}
