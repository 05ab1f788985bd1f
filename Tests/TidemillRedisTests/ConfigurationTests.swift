import Testing
import Tidemill

@testable import TidemillRedis

/// What configurations may say, and what is said of those that may not.
@Suite struct ConfigurationTests {
    private let source = RedisConsumer.component.specification
    private let always = [
        ConfigurationValue.Member("stream", "orders"), ConfigurationValue.Member("group", "g"),
    ]

    private func issues(_ fields: [ConfigurationValue.Member]) -> [String] {
        do {
            _ = try RedisConsumer.component.make(try Settings(.object(always + fields), as: source.fields))
            return []
        } catch {
            return (error as? ConfigurationError)?.issues.map { "\($0.pointer): \($0.message)" } ?? ["\(error)"]
        }
    }

    @Test func theLeastThatIsNeeded() { #expect(issues([]) == []) }

    @Test(
        arguments: [
            ("redis://h", RedisAddress.network(host: "h", port: 6379), nil, nil, nil, false),
            ("redis://h:7/2", .network(host: "h", port: 7), nil, nil, 2, false),
            ("rediss://u:p%40@h/", .network(host: "h", port: 6379), "u", "p@", nil, true),
            ("redis://:p@[::1]:7", .network(host: "::1", port: 7), nil, "p", nil, false),
            ("redis://[::1]", .network(host: "::1", port: 6379), nil, nil, nil, false),
            ("unix:///run/r.sock?db=3", .socket(path: "/run/r.sock"), nil, nil, 3, false),
        ] as [(String, RedisAddress, String?, String?, Int?, Bool)]
    )
    func urls(
        text: String,
        address: RedisAddress,
        user: String?,
        password: String?,
        database: Int?,
        isEncrypted: Bool
    ) throws {
        let url = try RedisURL(text)
        #expect(url.address == address)
        #expect(url.user == user)
        #expect(url.password == password)
        #expect(url.database == database)
        #expect(url.isEncrypted == isEncrypted)
    }

    @Test(arguments: [
        "", "localhost", "http://h", "redis://", "redis://h:0", "redis://h:x", "redis://h/x", "redis://h/-1",
        "unix://x", "unix:///x?y=1", "redis://%zz",
    ])
    func textsThatAreNoURL(text: String) {
        #expect(throws: RedisURL.Problem.self) { try RedisURL(text) }
    }

    @Test func fieldsThatDontGoTogether() {
        #expect(
            issues([.init("url", "redis://h"), .init("port", 1)]) == ["/port: \"url\" says that already"]
        )
        #expect(issues([.init("user", "u")]) == ["/user: a user needs a password"])
        #expect(issues([.init("socket", "a"), .init("host", "b")]) == ["/host: \"socket\" says that already"])

        #expect(issues([.init("url", "x")]) == ["/url: no URL of a Redis server"])
        #expect(issues([.init("client_name", "a b")]) == ["/client_name: the server takes no spaces in it"])
        #expect(issues([.init("dead_letters_stream", "orders")]) == ["/dead_letters_stream: it is the stream itself"])
        #expect(issues([.init("key_field", "body")]).first?.hasPrefix("/key_field") ?? false)
    }

    @Test func passwordsAreNotShown() throws {
        let fields: [ConfigurationValue.Member] = [.init("url", "redis://u:secret@h")]
        let settings = try Settings(.object(always + fields), as: source.fields)
        #expect(!"\(settings.redacted)".contains("secret"))
    }

    @Test func theNamesOfServers() {
        #expect("\(RedisAddress.network(host: "::1", port: 7))" == "[::1]:7")
        #expect(RedisServer(.socket(path: "/x")).name == "redis at /x")
    }
}
