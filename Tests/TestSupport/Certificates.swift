import TidemillTesting

extension Folder {
    /// Runs openssl here.
    package func openssl(_ command: String) async throws {
        let result = try await run("openssl", command.split(separator: " ").map(String.init))
        if result.status != 0 { throw ScriptedError("openssl: \(result.errors)") }
    }

    /// Makes an authority: `NAME.pem`, and its key in `NAME.key`.
    package func makeAuthority(_ name: String) async throws {
        try await openssl("req -x509 \(Self.newKey(name)) -days 2 -subj /CN=\(name) -out \(name).pem")
    }

    /// Makes a certificate that the authority `ca` signs, as in `IP:127.0.0.1`: `NAME.pem`, and its key in `NAME.key`.
    package func makeCertificate(_ name: String, subjectName: String) async throws {
        let subject = "-subj /CN=\(name) -addext subjectAltName=\(subjectName)"
        try await openssl("req \(Self.newKey(name)) \(subject) -out \(name).csr")
        let signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -days 2"
        try await openssl("x509 -req -in \(name).csr \(signing) -out \(name).pem")
    }

    private static func newKey(_ name: String) -> String {
        "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key"
    }
}
