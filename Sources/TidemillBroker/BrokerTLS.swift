public import Tidemill

/// How the connection to a broker is encrypted; paths are of PEM files.
public struct BrokerTLS: Hashable, Sendable {
    /// Who may sign the server's certificate; nil: whom the system trusts.
    public var authorities: String?
    /// The certificate that we show.
    public var certificate: String?
    /// The key of ``certificate``.
    public var key: String?
    /// The name in the server's certificate; nil: the host of the address.
    public var serverName: String?
    /// Whether any certificate will do.
    public var isInsecure = false

    /// The system's authorities, and no certificate of our own.
    public init() {}
}

extension BrokerTLS {
    /// The fields of the object `tls` of nodes that talk to a broker.
    public static let fields = [
        FieldSpecification(
            "ca",
            .path,
            "A PEM file with the authorities that may sign the server's certificate; by default those that the system "
                + "trusts."
        ),
        FieldSpecification("certificate", .path, "A PEM file with the certificate to show; needs `key`."),
        FieldSpecification("key", .path, "The PEM file with the key of `certificate`."),
        FieldSpecification(
            "server_name",
            .string(allowsEmpty: false),
            "The name in the server's certificate; by default the host of the address."
        ),
        FieldSpecification("insecure", .boolean, "Whether any certificate will do. For trials only.", default: false),
    ]

    /// The settings of an object that has these ``fields``.
    ///
    /// - Throws: ``ConfigurationError`` where a certificate has no key, or a key no certificate.
    public init(_ settings: Settings) throws(ConfigurationError) {
        guard settings.has("certificate") == settings.has("key") else {
            let (there, missing) = settings.has("key") ? ("key", "certificate") : ("certificate", "key")
            throw ConfigurationError([settings.issue(at: there, "`\(there)` needs `\(missing)`")])
        }
        authorities = settings.optionalString("ca")
        certificate = settings.optionalString("certificate")
        key = settings.optionalString("key")
        serverName = settings.optionalString("server_name")
        isInsecure = settings.boolean("insecure")
    }
}
