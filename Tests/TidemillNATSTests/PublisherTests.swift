import Foundation
import TestSupport
import Testing
import Tidemill
import TidemillBroker

@testable import TidemillNATS

/// What a publisher does at a real server.
@Suite(.timeLimit(.minutes(2)))
struct PublisherTests {
    @Test func whatIsPublishedIsInTheStreamInItsOrder() async throws {
        let server = try await JetStreamServer.start()
        let admin = try server.admin
        try admin.addStream("S", ["s.>"])
        let publisher = try await server.connectedPublisher()
        let messages = (0..<500).map { OutgoingMessage("\($0)", id: "m\($0)") }
        #expect(try await publisher.publish(messages).isEmpty)
        #expect(try admin.count() == 500)
        let received = try await server.connectedConsumer().receiveAll(500)
        #expect(received.map { String($0.body) } == (0..<500).map(String.init))
    }

    @Test func aMessageIsTakenOnceHoweverOftenItIsPublished() async throws {
        let server = try await JetStreamServer.start()
        let admin = try server.admin
        try admin.addStream("S", ["s.>"])
        for _ in 0..<3 {
            let publisher = try await server.connectedPublisher()
            #expect(
                try await publisher.publish([OutgoingMessage("a", id: "1"), OutgoingMessage("b", id: "2")]).isEmpty
            )
            await publisher.disconnect()
        }
        #expect(try admin.count() == 2)
    }

    @Test func whatIsWrongWithOneMessageIsThatJobsFailure() async throws {
        let server = try await JetStreamServer.start("max_payload: 10000")
        let admin = try server.admin
        try admin.addStream("S", ["s.>"])
        let publisher = try await server.connectedPublisher("{where}")
        let failures = try await publisher.publish([
            OutgoingMessage("fine", id: "1", metadata: ["where": "s.a"]),
            OutgoingMessage(String(repeating: "x", count: 20_000), id: "2", metadata: ["where": "s.a"]),
            OutgoingMessage("lost", id: "3", metadata: ["where": "nowhere"]),
            OutgoingMessage("bad", id: "4", metadata: ["where": "s.*"]),
            OutgoingMessage("bad", id: "5", headers: [("a", "b\nc")], metadata: ["where": "s.a"]),
            OutgoingMessage("sly", id: "6", metadata: ["where": "$JS.API.STREAM.DELETE.S"]),
            OutgoingMessage("fine", id: "7", metadata: ["where": "s.b"]),
        ])
        #expect(failures.keys.sorted() == [1, 2, 3, 4, 5])
        #expect(failures[1]?.message.contains("the server takes 10000") == true)
        #expect(failures[2]?.message.contains("takes in the subject nowhere") == true)
        #expect(failures[3]?.message.contains("can't be part of a subject") == true)
        #expect(failures[4]?.message.contains("line break") == true)
        #expect(failures[5]?.message.contains("server's own") == true)
        #expect(try admin.count() == 2)
        #expect(try await publisher.publish([OutgoingMessage("on", id: "8", metadata: ["where": "s.a"])]).isEmpty)
    }

    @Test func aNamedStreamHasToBeThere() async throws {
        let server = try await JetStreamServer.start()
        var settings = try NATSPublisher.Settings(endpoint: server.endpoint, subject: "s.a")
        settings.stream = NATSStream("S")
        await #expect(throws: BrokerError.self) { try await NATSPublisher(settings).connect() }
        settings.stream?.creation = NATSStream.Creation(subjects: ["s.>"])
        try await NATSPublisher(settings).connect()
        #expect(try server.admin.count() == 0)
    }

    @Test func aLostServerIsTheConnectionsFailure() async throws {
        let server = try await JetStreamServer.start()
        try server.admin.addStream("S", ["s.>"])
        let publisher = try await server.connectedPublisher()
        await server.server.stop(signal: SIGKILL)
        let messages = [OutgoingMessage("a", id: "1")]
        await #expect(throws: BrokerError.self) { try await publisher.publish(messages) }
        await publisher.disconnect()
        try await server.server.start()
        try await publisher.connect()
        #expect(try await publisher.publish(messages).isEmpty)
        #expect(try server.admin.count() == 1)
    }

    @Test func aServerThatHangsIsTheConnectionsFailure() async throws {
        let server = try await JetStreamServer.start()
        try server.admin.addStream("S", ["s.>"])
        let publisher = try await server.connectedPublisher()
        server.server.suspend()
        let messages = [OutgoingMessage("a", id: "1")]
        await #expect(throws: BrokerError.self) { try await publisher.publish(messages) }
        server.server.resume()
        await publisher.disconnect()
        try await publisher.connect()
        #expect(try await publisher.publish(messages).isEmpty)
        let admin = try server.admin
        #expect(try admin.count() == 1, "the first attempt arrived, too, and is known by its id")
    }

    @Test func whatAStreamRefusesForGoodIsTheJobsFailure() async throws {
        let server = try await JetStreamServer.start()
        try server.admin.addStream("S", ["s.>"])
        try server.admin.seal("S")
        let publisher = try await server.connectedPublisher()
        let failures = try await publisher.publish([OutgoingMessage("a", id: "1")])
        #expect(failures[0]?.message.contains("refuses the message") == true)
    }
}

/// Subjects made of jobs.
struct SubjectTemplateTests {
    private let job = Job("x", key: "k.7", metadata: ["region": "eu", "dots": "a..b", "blank": " ", "wild": "a.>"])

    @Test(arguments: [
        ("s.a", "s.a"), ("s.{key}", "s.k.7"), ("{region}.x", "eu.x"), ("s.{region}.{key}.z", "s.eu.k.7.z"),
    ])
    func fieldsGoIn(template: String, subject: String) throws {
        #expect(try SubjectTemplate(template).subject(for: job) == subject)
    }

    @Test(arguments: ["s.{dots}", "s.{blank}", "s.{wild}", "s.{missing}"])
    func fieldsThatMakeNoSubjectFail(template: String) throws {
        let template = try SubjectTemplate(template)
        #expect(throws: JobFailure.self) { try template.subject(for: job) }
    }

    @Test(arguments: ["s a", "s.*", "s.>", "s..a", ".a", "a.", "s.{a", "s.}", "{a}.*", "s.{a}. b"])
    func textsThatAreNoSubjectsAreRefused(text: String) {
        #expect(throws: BrokerError.self) { try SubjectTemplate(text) }
    }
}
