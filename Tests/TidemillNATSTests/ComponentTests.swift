import Foundation
import TestSupport
import Testing
import Tidemill

@testable import TidemillNATS

/// The source and the sink as configurations name them.
struct ComponentTests {
    private let source = SourceComponent.nats
    private let sink = SinkComponent.nats

    private func issue(_ component: Component<any Source>, _ fields: ConfigurationValue) -> String {
        do {
            _ = try component.make(try Settings(fields, as: component.specification.fields))
            return "none"
        } catch {
            return "\(error)"
        }
    }

    private func issue(_ component: Component<any Sink>, _ fields: ConfigurationValue) -> String {
        do {
            _ = try component.make(try Settings(fields, as: component.specification.fields))
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsLeftOutHasDefaults() {
        #expect(issue(source, ["stream": "S", "consumer": "c"]) == "none")
        #expect(issue(sink, ["subject": "s.{key}"]) == "none")
    }

    @Test func everythingCanBeGiven() {
        let tls: ConfigurationValue = [
            "ca": "ca.pem", "certificate": "c.pem", "key": "c.key", "server_name": "a", "insecure": true,
        ]
        let create: ConfigurationValue = ["subjects": ["s.>"], "replicas": 3, "retention": "work_queue"]
        let fields: ConfigurationValue = [
            "url": ["nats://a:1", "nats://b:2"], "user": "a", "password": "b", "tls": tls, "stream": "S",
            "create": create, "consumer": "c", "subject": "s.*", "ack_wait": "5s", "max_ack_pending": 10,
            "key": "{subject}", "prefetch": 5,
        ]
        #expect(issue(source, fields) == "none")
    }

    @Test(
        arguments: [
            (["consumer": "c"], "stream"),
            (["stream": "S"], "consumer"),
            (["stream": "S.T", "consumer": "c"], "no blanks, dots"),
            (["stream": "S", "consumer": "a b"], "no blanks, dots"),
            (["stream": "S", "consumer": "c", "user": "a"], "`user` needs `password`"),
            (["stream": "S", "consumer": "c", "password": "a"], "`password` needs `user`"),
            (["stream": "S", "consumer": "c", "token": "a", "credentials": "b"], "two ways to log in"),
            (["stream": "S", "consumer": "c", "tls": ["key": "a"]], "`key` needs `certificate`"),
            (["stream": "S", "consumer": "c", "ack_wait": "1ms"], "duration"),
            (["stream": "S", "consumer": "c", "nkey": ["public_key": "U"]], "seed_file"),
        ] as [(ConfigurationValue, String)]
    )
    func whatDoesNotGoTogetherIsSaid(fields: ConfigurationValue, words: String) {
        #expect(issue(source, fields).contains(words), "\(issue(source, fields))")
    }

    @Test(
        arguments: [
            (["subject": "s.*"], "no spaces"), (["subject": "s.{a"], "braces"), (["subject": "s..a"], "empty parts"),
            (["subject": "s", "create": ["subjects": ["s"]]], "`create` needs `stream`"), ([:], "subject"),
        ] as [(ConfigurationValue, String)]
    )
    func aSubjectThatCantBeIsSaid(fields: ConfigurationValue, words: String) {
        #expect(issue(sink, fields).contains(words), "\(issue(sink, fields))")
    }
}

/// The text that names a delivery.
struct DeliverySubjectTests {
    private func parsed(_ text: String) -> DeliverySubject? {
        Array(text.utf8).withUnsafeBufferPointer { DeliverySubject($0) }
    }

    @Test func bothFormsAreRead() throws {
        let old = try #require(parsed("$JS.ACK.S.c.3.17.5.1700000000123456789.40"))
        #expect((old.delivery, old.sequence, old.time) == (3, 17, 1_700_000_000_123_456_789))
        let new = try #require(parsed("$JS.ACK.hub.ACC.S.c.1.9.2.1700000000000000000.0.rnd"))
        #expect((new.delivery, new.sequence, new.time) == (1, 9, 1_700_000_000_000_000_000))
    }

    @Test(arguments: [
        "", "_INBOX.x", "$JS.ACK.", "$JS.ACK.S.c.3.17.5.17.40.1", "$JS.ACK.S.c.x.17.5.17.40", "$JS.ACK.S.c..17.5.17.40",
        "$JS.ACK.S.c.99999999999999999999.17.5.17.40",
    ])
    func otherTextsAreNot(text: String) { #expect(parsed(text) == nil) }
}
