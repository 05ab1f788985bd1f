import Tidemill
import TidemillScripting

/// What may be configured for a stage so that its jobs can be stopped or tried again.
enum Precaution: String, CaseIterable {
    case nothing, timeout, deadline, retry

    var settings: StageSettings {
        var settings = StageSettings()
        if self == .timeout || self == .deadline { settings.timeout = .seconds(1) }
        if self == .deadline { settings.deadline = .seconds(3_600) }
        if self == .retry { settings.retry = RetryPolicy() }
        return settings
    }
}

/// The cost of precautions while nothing is stopped and nothing fails: their times over that of none, by rounds whose
/// order is turned around each time.
func measureOverhead(jobs: Int, rounds: Int) async throws -> String {
    var figures: [String] = []
    for (name, source, line) in [
        ("empty", "return function() end", Value.integer(1)), ("parse", parser, .string(Bytes(logLine))),
    ] {
        let jobs = name == "parse" ? jobs / 10 : jobs
        var ratios: [Precaution: [Double]] = [:]
        _ = try await run(source, line, .nothing, jobs / 10)
        for round in 0..<rounds {
            var times: [Precaution: Duration] = [:]
            let order = round.isMultiple(of: 2) ? Precaution.allCases : Precaution.allCases.reversed()
            for precaution in order { times[precaution] = try await run(source, line, precaution, jobs) }
            guard let plain = times[.nothing] else { continue }
            for (precaution, time) in times { ratios[precaution, default: []].append(time / plain) }
        }
        for precaution in Precaution.allCases where precaution != .nothing {
            let sorted = (ratios[precaution] ?? []).sorted()
            if sorted.isEmpty { continue }
            figures.append("\"\(name)_\(precaution)\":\(sorted[sorted.count / 2])")
        }
    }
    return "{\"pattern\":\"overhead\",\"jobs\":\(jobs),\"rounds\":\(rounds),\(figures.joined(separator: ","))}"
}

private func run(_ source: String, _ value: Value, _ precaution: Precaution, _ jobs: Int) async throws -> Duration {
    let pipeline = try Pipeline(
        name: "overhead",
        nodes: [
            .source("same") { output in
                var batch = JobBatch()
                for _ in 0..<jobs {
                    batch.append(value)
                    if batch.count == 256 { try await output.send(&batch) }
                }
                try await output.send(&batch)
            },
            try .script("work", source: source, precaution.settings),
            .sink("none") { _ in },
        ]
    )
    let time = try await ContinuousClock().measure { try await pipeline.run() }
    let books = pipeline.snapshot().books
    guard books[.filtered] + books[.delivered] == jobs else {
        throw BenchmarkError(message: "jobs were lost: \(books)")
    }
    return time
}

private let logLine = """
    203.0.113.7 - ada [29/Jan/2026:12:00:00 +0000] "GET /items/42?page=2 HTTP/1.1" 200 5316 \
    "https://example.com/items" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    """

/// The handler of `scripts/parse.lua`.
private let parser = #"""
    local match, sub, tointeger = string.match, string.sub, math.tointeger
    local PATTERN = '^(%S+) %S+ (%S+) %[([^%]]+)%] "(%S+) (%S+) (%S+)" (%d%d%d) (%S+) "([^"]*)" "([^"]*)"$'
    return function(line)
      local ip, user, ts, method, path, proto, status, bytes, referer, agent = match(line, PATTERN)
      if not ip or path == "/healthz" then return end
      return {
        ip = ip, user = user, ts = ts, method = method, path = path, proto = proto,
        status = tointeger(tonumber(status)), bytes = bytes == "-" and 0 or tointeger(tonumber(bytes)),
        referer = referer, agent = agent, class = sub(status, 1, 1) .. "xx",
      }
    end
    """#
