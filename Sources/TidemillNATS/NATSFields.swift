import Tidemill
import TidemillBroker

/// The fields of sources and sinks that talk to NATS.
enum NATSFields {
    /// How to connect.
    static let connection = [
        FieldSpecification(
            "url",
            .oneOrMany(.string(allowsEmpty: false)),
            "The address of a server, or a list of those of one cluster.",
            default: "nats://127.0.0.1:4222",
            examples: [["nats://a.example:4222", "nats://b.example:4222"]]
        ),
        FieldSpecification("user", .string(allowsEmpty: false), "The name to log in with; needs `password`."),
        FieldSpecification("password", .string(), "The password of `user`.", secret: true),
        FieldSpecification("token", .string(allowsEmpty: false), "The token to log in with.", secret: true),
        FieldSpecification(
            "credentials",
            .path,
            "A file with a JWT and a seed to log in with, as `nsc` writes it; it is read anew for each connection.",
            examples: ["service.creds"]
        ),
        FieldSpecification(
            "nkey",
            .object([
                FieldSpecification("public_key", .string(allowsEmpty: false), "The user's public key.", required: true),
                FieldSpecification("seed_file", .path, "The file with the key's seed.", required: true),
            ]),
            "The key to log in with."
        ),
        FieldSpecification("tls", .object(BrokerTLS.fields), "Encrypts the connection."),
    ]

    /// The stream and how it is made.
    static func stream(required: Bool, _ summary: String) -> [FieldSpecification] {
        [
            FieldSpecification(
                "stream",
                .string(allowsEmpty: false),
                summary,
                required: required,
                examples: ["ORDERS"]
            ),
            FieldSpecification(
                "create",
                .object(creation),
                "How the stream is made where it is missing. By default a missing stream is an error.",
                examples: [["subjects": ["orders.>"]]]
            ),
        ]
    }

    private static let creation = [
        FieldSpecification(
            "subjects",
            .list(of: .string(allowsEmpty: false), count: 1...1_000),
            "The subjects that it takes in; may have wildcards.",
            required: true
        ),
        FieldSpecification("replicas", .integer(in: 1...5), "How many servers keep each message.", default: 1),
        FieldSpecification(
            "retention",
            .choice(["limits", "work_queue"]),
            "Whether messages stay until the stream's limits (`limits`), or go once they are done (`work_queue`).",
            default: "limits"
        ),
    ]
}

extension NATSEndpoint {
    /// The endpoint of a node that has the ``NATSFields/connection``.
    ///
    /// - Throws: ``ConfigurationError`` where fields don't go together.
    init(_ settings: Settings) throws(ConfigurationError) {
        self.init(urls: settings.strings("url"))
        credentials = try Credentials(settings)
        tls = try settings.optionalObject("tls").map { tls throws(ConfigurationError) in try BrokerTLS(tls) }
    }
}

extension NATSEndpoint.Credentials {
    fileprivate init(_ settings: Settings) throws(ConfigurationError) {
        let given = ["user", "token", "credentials", "nkey"].filter { settings.has($0) }
        if given.count > 1 {
            let message = "there are two ways to log in: \(given.joined(separator: ", "))"
            throw ConfigurationError([settings.issue(at: given[1], message, hint: "leave one of them out")])
        }
        guard settings.has("user") == settings.has("password") else {
            let (there, missing) = settings.has("user") ? ("user", "password") : ("password", "user")
            throw ConfigurationError([settings.issue(at: there, "`\(there)` needs `\(missing)`")])
        }
        if let user = settings.optionalString("user") {
            self = .user(user, password: settings.string("password"))
        } else if let token = settings.optionalString("token") {
            self = .token(token)
        } else if let path = settings.optionalString("credentials") {
            self = .file(path)
        } else if let nkey = settings.optionalObject("nkey") {
            self = .nkey(publicKey: nkey.string("public_key"), seedFile: nkey.string("seed_file"))
        } else {
            self = .none
        }
    }
}

extension NATSStream {
    /// The stream of a node that has the fields of ``NATSFields/stream(required:_:)``; nil where it names none.
    ///
    /// - Throws: ``ConfigurationError`` where fields don't go together.
    init?(_ settings: Settings) throws(ConfigurationError) {
        guard let name = settings.optionalString("stream") else {
            guard settings.has("create") else { return nil }
            throw ConfigurationError([settings.issue(at: "create", "`create` needs `stream`")])
        }
        try settings.checkName("stream")
        self.init(name, creation: settings.optionalObject("create").map(Creation.init))
    }
}

extension NATSStream.Creation {
    fileprivate init(_ settings: Settings) {
        self.init(subjects: settings.strings("subjects"))
        replicas = settings.integer("replicas")
        isWorkQueue = settings.string("retention") == "work_queue"
    }
}

extension Settings {
    /// - Throws: ``ConfigurationError`` where a field can't be the name of a stream or consumer.
    func checkName(_ field: String) throws(ConfigurationError) {
        let isAllowed: (UInt8) -> Bool = { $0 > UInt8(ascii: " ") && $0 < 0x7F && !".*>/\\".utf8.contains($0) }
        if string(field).utf8.allSatisfy(isAllowed) { return }
        let rule = "a name in JetStream has no blanks, dots, slashes, \"*\" and \">\" in it"
        throw ConfigurationError([issue(at: field, rule)])
    }
}
