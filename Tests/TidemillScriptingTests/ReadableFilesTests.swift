import Foundation
import Testing
import Tidemill

@testable import TidemillScripting

/// Which files a script may read.
struct ReadableFilesTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("tidemill-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        try FileManager.default.createDirectory(
            at: url.appendingPathComponent("granted/below"),
            withIntermediateDirectories: true
        )
        for name in ["granted/a", "granted/below/b", "other", "granted-too"] {
            try Data(name.utf8).write(to: url.appendingPathComponent(name))
        }
        try body(url.path)
    }

    @Test func whatIsBeneathAGrantedFolder() throws {
        try withFolder { (root: String) throws in
            let files = ReadableFiles(["\(root)/granted/"])
            #expect(try files.read("\(root)/granted/a") == Array("granted/a".utf8))
            #expect(try files.read("\(root)/granted/below/../below/b") == Array("granted/below/b".utf8))
            for name in ["other", "granted-too", "granted/../other", "granted", "granted/none"] {
                #expect(throws: ReadableFiles.Refusal.self) { try files.read("\(root)/\(name)") }
            }
        }
    }

    @Test func oneGrantedFile() throws {
        try withFolder { (root: String) throws in
            let files = ReadableFiles(["\(root)/other"])
            #expect(try files.read("\(root)/other") == Array("other".utf8))
            #expect(throws: ReadableFiles.Refusal.self) { try files.read("\(root)/granted/a") }
        }
    }

    @Test func nothingGranted() throws {
        try withFolder { (root: String) throws in
            let refusal = #expect(throws: ReadableFiles.Refusal.self) { try ReadableFiles([]).read("\(root)/other") }
            #expect(refusal?.description.contains("not granted") == true)
        }
    }

    @Test func theRootGrantsEverything() throws {
        try withFolder { (root: String) throws in
            #expect(try ReadableFiles(["/"]).read("\(root)/other") == Array("other".utf8))
        }
    }
}
