import Foundation
import TestSupport
import Testing

/// The scripts in `scripts`, on good and on bad lines.
@Suite(.timeLimit(.minutes(10)))
struct ShippedScriptTests {
    enum Ending {
        case gives(String)
        case fails(String)
        case nothing
    }

    private func check(
        _ script: String,
        _ fields: String = "",
        input format: String = "lines",
        inputs: [String] = ["work"],
        cases: [(String, Ending)]
    ) async throws {
        let folder = try Folder()
        try folder.copyFromRepository("scripts")
        try folder.write("network,name\n10.0.0.0/8,office\n10.1.0.0/16,\"lab, old\"\n", to: "networks.csv")
        var pipeline = TestPipeline(sources: [#""name": "in", "type": "stdin", "format": "\#(format)""#])
        pipeline.stages = [#""name": "work", "script": "scripts/\#(script).lua", "order": "input""# + fields]
        pipeline.sinks = [#""name": "out", "type": "stdout""#]
        if inputs.count > 1 {
            pipeline.sinks.append(#""name": "second", "type": "drop", "inputs": ["\#(inputs[1])"]"#)
        }
        let result = try await folder.run(pipeline, input: cases.map { $0.0 + "\n" }.joined())
        #expect(result.status == 0, "\(result.errors)")

        let given = cases.compactMap { if case .gives(let json) = $0.1 { json } else { nil } }
        let outputs = try result.output.split(separator: "\n").map { try canonical(String($0)) }
        #expect(outputs == (try given.map(canonical)))
        let failures = cases.compactMap { if case .fails(let message) = $0.1 { message } else { nil } }
        let letters = try folder.letters()
        #expect(letters.map(\.message) == failures)
        #expect(letters.allSatisfy { $0.stage == "work" })
        #expect(result.count("taken") == cases.count && !result.errors.contains("UNACCOUNTED"))
        #expect(result.count("filtered") == cases.count - given.count - failures.count)
    }

    @Test func syslog() async throws {
        try await check(
            "parse_syslog",
            cases: [
                (
                    #"<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - 'su root' failed"#,
                    .gives(
                        #"""
                        {"facility": 4, "severity": "critical", "time": "2003-10-11T22:14:15.003Z", "host": "mymachine",
                         "app": "su", "message_id": "ID47", "message": "'su root' failed"}
                        """#
                    )
                ),
                (
                    #"<165>1 2003-10-11T22:14:15Z host app 42 - [ex@1 a="x\"y\\z" b=""][ey] "# + "\u{FEFF}text",
                    .gives(
                        #"""
                        {"facility": 20, "severity": "notice", "time": "2003-10-11T22:14:15Z", "host": "host",
                         "app": "app", "process": "42", "data": {"ex@1": {"a": "x\"y\\z", "b": ""}, "ey": {}},
                         "message": "text"}
                        """#
                    )
                ),
                (
                    "<13>Oct  1 22:14:15 web sshd[42]: Accepted: key",
                    .gives(
                        #"""
                        {"facility": 1, "severity": "notice", "time": "Oct  1 22:14:15", "host": "web", "app": "sshd",
                         "process": "42", "message": "Accepted: key"}
                        """#
                    )
                ),
                (
                    "Oct 11 22:14:15 web cron: ran",
                    .gives(#"{"time": "Oct 11 22:14:15", "host": "web", "app": "cron", "message": "ran"}"#)
                ),
                ("<192>1 x", .fails("the priority 192 is more than 191")),
                ("<34>1 only", .fails("not a line of RFC 5424")),
                (#"<34>1 - - - - - [a b="c] x"#, .fails("the structured data is broken")),
                ("", .fails("neither RFC 5424 nor RFC 3164")),
            ]
        )
    }

    @Test func jsonLog() async throws {
        try await check(
            "parse_json_log",
            #", "options": {"minimum_level": "info"}"#,
            cases: [
                (
                    #"{"ts": 1.5, "lvl": "WARN", "msg": "a", "user": {"id": 7}}"#,
                    .gives(#"{"time": 1.5, "level": "warning", "message": "a", "fields": {"user": {"id": 7}}}"#)
                ),
                (
                    #"{"time": "t", "level": 50, "event": "b"}"#,
                    .gives(#"{"time": "t", "level": "error", "message": "b"}"#)
                ),
                (
                    #"{"level": null, "message": "c"}"#,
                    .gives(#"{"level": "info", "message": "c", "fields": {"level": null}}"#)
                ),
                (#"{"level": "debug", "message": "d"}"#, .nothing),
                (#"[1]"#, .gives(#"{"level": "info", "fields": [1]}"#)),
                ("7", .fails("a JSON log line is an object")),
            ]
        )
    }

    @Test func logfmt() async throws {
        try await check(
            "parse_logfmt",
            cases: [
                (
                    #"level=info msg="a \"b\"\n" n=7 f=1.5 hex=0x10 bare empty= q="""#,
                    .gives(
                        #"""
                        {"level": "info", "msg": "a \"b\"\n", "n": 7, "f": 1.5, "hex": "0x10", "bare": true,
                         "empty": "", "q": ""}
                        """#
                    )
                ),
                ("  ", .nothing),
                ("=x", .fails("a key is expected at character 1")),
                (#"a="b"#, .fails("a quote is not closed after character 3")),
            ]
        )
    }

    @Test func accessLog() async throws {
        try await check(
            "parse_access_log",
            #", "options": {"health_path": "/up"}"#,
            cases: [
                (
                    #"1.2.3.4 - j [12/Mar/2024:06:25:24 +0100] "GET /a?b=c HTTP/1.1" 200 17 "-" "curl""#,
                    .gives(
                        #"""
                        {"ip": "1.2.3.4", "user": "j", "time": "12/Mar/2024:06:25:24 +0100", "method": "GET",
                         "path": "/a?b=c", "protocol": "HTTP/1.1", "status": 200, "bytes": 17, "agent": "curl"}
                        """#
                    )
                ),
                (
                    #"::1 - - [t] "HEAD / HTTP/2" 304 - "https://x/" "-""#,
                    .gives(
                        #"""
                        {"ip": "::1", "time": "t", "method": "HEAD", "path": "/", "protocol": "HTTP/2", "status": 304,
                         "bytes": 0, "referer": "https://x/"}
                        """#
                    )
                ),
                (#"::1 - - [t] "GET /up HTTP/1.1" 200 2 "-" "-""#, .nothing),
                (#"::1 - - [t] "-" 408 - "-" "-""#, .fails("not an HTTP request: -")),
                ("", .fails("not a line in NCSA combined format")),
            ]
        )
    }

    @Test func enrich() async throws {
        func request(_ ip: String, _ path: String, _ status: Int, time: String = "12/Mar/2024:06:25:24 +0100") -> String
        {
            #"{"ip": "\#(ip)", "path": "\#(path)", "status": \#(status), "bytes": 20, "time": "\#(time)"}"#
        }
        func enriched(_ ip: String, _ path: String, _ status: Int, _ rest: String) -> String {
            #"{"ip": "\#(ip)", "path": "\#(path)", "status": \#(status), "bytes": 20, "class": "\#(status / 100)xx", "#
                + #""time": "2024-03-12T06:25:24+01:00", "large": true, \#(rest)}"#
        }
        try await check(
            "enrich",
            #", "options": {"networks": "networks.csv", "slow_bytes": 20}, "capabilities": {"read": ["networks.csv"]}"#,
            input: "json_lines",
            inputs: ["work", "work.errors"],
            cases: [
                (
                    request("10.1.2.3", "/a?b=c", 200),
                    .gives(
                        enriched("10.1.2.3", "/a?b=c", 200, #""route": "/a", "query": "b=c", "network": "lab, old""#)
                    )
                ),
                (
                    request("10.2.2.3", "/a", 503),
                    .gives(enriched("10.2.2.3", "/a", 503, #""route": "/a", "network": "office""#))
                ),
                (request("::1", "/", 200), .gives(enriched("::1", "/", 200, #""route": "/""#))),
                (request("::1", "/", 200, time: "now"), .fails("not a time of an access log: now")),
            ]
        )
    }
}
