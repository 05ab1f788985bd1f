import Tidemill
import TidemillBroker

extension RedisServer {
    /// The fields that say where a server is and how to be let in.
    static let fields = [
        FieldSpecification(
            "url",
            .string(allowsEmpty: false),
            "The server: `redis://user:password@host:port/database`, `rediss://…` for the same with TLS, or "
                + "`unix:///path?db=1`. In place of `host`, `port`, `socket`, `user`, `password` and `database`.",
            secret: true,
            examples: ["redis://127.0.0.1:6379/0"]
        ),
        FieldSpecification("host", .string(allowsEmpty: false), "The server's name or address.", default: "127.0.0.1"),
        FieldSpecification("port", .integer(in: 1...65_535), "The server's port.", default: 6379),
        FieldSpecification("socket", .path, "The server's socket in the file system, in place of `host` and `port`."),
        FieldSpecification("user", .string(allowsEmpty: false), "Who to be; by default the server's default user."),
        FieldSpecification(
            "password",
            .string(allowsEmpty: false),
            "The password; by default there is none.",
            secret: true,
            examples: [["$env": "REDIS_PASSWORD"]]
        ),
        FieldSpecification(
            "password_file",
            .path,
            "A file that has the password, in place of `password`; it is read each time that the connection is made."
        ),
        FieldSpecification(
            "tls",
            .object(BrokerTLS.fields),
            "Encrypts the connection; `rediss://` does so, too, as `{}` would."
        ),
        FieldSpecification("database", .integer(in: 0...65_535), "Which of the server's databases.", default: 0),
        FieldSpecification(
            "client_name",
            .string(allowsEmpty: false),
            "What the server lists the connections as; it must have no spaces.",
            default: "tidemill"
        ),
        FieldSpecification(
            "timeout",
            .duration(in: .milliseconds(10) ... .seconds(3_600)),
            "How long the server may take to be connected to, and to answer.",
            default: "10s"
        ),
    ]

    /// The server that these ``fields`` say.
    ///
    /// - Throws: ``ConfigurationError`` for fields that don't go together, or a URL that is none.
    init(_ settings: Settings) throws(ConfigurationError) {
        var issues = Self.conflicts(settings)
        self.init(.network(host: settings.string("host"), port: UInt16(clamping: settings.integer("port"))))
        if let path = settings.optionalString("socket") { address = .socket(path: path) }
        user = settings.optionalString("user")
        password = settings.optionalString("password")
        passwordFile = settings.optionalString("password_file")
        database = settings.integer("database")
        clientName = settings.string("client_name")
        timeout = settings.duration("timeout")
        if clientName?.contains(where: { $0 <= " " || $0 > "~" }) ?? false {
            issues.append(
                settings.issue(at: "client_name", "the server takes no spaces in it", hint: "tidemill-orders")
            )
        }
        tls = try settings.optionalObject("tls").map { tls throws(ConfigurationError) in try BrokerTLS(tls) }
        if let url = settings.optionalString("url") {
            do {
                let url = try RedisURL(url)
                use(url)
            } catch {
                issues.append(settings.issue(at: "url", error.reason, hint: "redis://127.0.0.1:6379/0"))
            }
        }
        if !issues.isEmpty { throw ConfigurationError(issues) }
    }

    private mutating func use(_ url: RedisURL) {
        address = url.address
        user = url.user
        password = url.password ?? password
        database = url.database ?? database
        if url.isEncrypted { tls = tls ?? BrokerTLS() }
    }

    private static func conflicts(_ settings: Settings) -> [ConfigurationIssue] {
        var issues: [ConfigurationIssue] = []
        func exclude(_ field: String, _ others: [String]) {
            guard settings.isGiven(field) else { return }
            for other in others where settings.isGiven(other) {
                let message = "\"\(field)\" says that already"
                issues.append(settings.issue(at: other, message, hint: "leave one of the two out"))
            }
        }
        exclude("url", ["host", "port", "socket", "user", "password", "database"])
        exclude("socket", ["host", "port"])
        exclude("password_file", ["password"])
        if settings.isGiven("user"), !settings.isGiven("password"), !settings.isGiven("password_file") {
            issues.append(settings.issue(at: "user", "a user needs a password", hint: "set \"password\""))
        }
        return issues
    }
}
