import Testing
import TidemillValue

@testable import TidemillImages

/// The table of operations, and what it makes of wrong calls.
@Suite struct ArgumentTests {
    private func reason(_ name: String, _ arguments: [ImageArgument], on sample: String? = "png") throws -> String {
        let image = try sample.map { try Samples.named($0).load() }
        let error = try #require(throws: ImageError.self) { try ImageOperation.run(name, image, arguments) }
        #expect(error.kind == .argument)
        return error.reason
    }

    @Test func theTableIsSound() {
        #expect(Set(ImageOperation.all.map(\.name)).count == ImageOperation.all.count)
        for operation in ImageOperation.all {
            #expect(operation.help.hasSuffix("."), "\(operation.name)")
            #expect(Set(operation.parameters.map(\.name)).count == operation.parameters.count)
            for parameter in operation.parameters {
                #expect(parameter.help.hasSuffix("."), "\(operation.name).\(parameter.name)")
                if let standard = parameter.standard {
                    #expect(parameter.kind.accepts(.value(standard)), "\(operation.name).\(parameter.name)")
                }
            }
        }
    }

    @Test func wrongCallsSayWhatIsWrong() throws {
        #expect(try reason("blur", [.value(9_999)]) == "blur: sigma is a number from 0.01 to 300, not 9999")
        #expect(try reason("blur", [.value("much")]) == "blur: sigma is a number from 0.01 to 300, not \"much\"")
        #expect(try reason("blur", [.value(["radius": 2])]) == "blur has no radius; it has sigma")
        #expect(try reason("blur", [.value(1), .value(2)]) == "blur takes 1 arguments, and got 2")
        #expect(try reason("blur", [.value(1), .value(["sigma": 2])]) == "blur got sigma twice")
        #expect(try reason("thumbnail", []) == "thumbnail needs width, an integer from 1 to 65500")
        #expect(try reason("thumbnail", [.value(.number(1.5))]).hasSuffix("not 1.5"))
        #expect(
            try reason("flip", [.value("sideways")])
                == "flip: direction is one of horizontal, vertical, not \"sideways\""
        )
        #expect(try reason("composite", [.value(3)]) == "composite: overlay is an image, not 3")
        #expect(try reason("blur", [], on: nil) == "blur works on an image, and got none")
        #expect(
            try reason("crop", [.value(200), .value(0), .value(50), .value(50)])
                == "crop: 50 × 50 at 200, 0 reaches out of an image of 211 × 157"
        )
        #expect(try reason("extract_band", [.value(3)]).contains("has 3 bands"))
        #expect(try reason("frame", [.value(1)]).contains("there is no frame 1"))
        #expect(try reason("flatten", [.value(["background": "#12345"])]).contains("background is a colour"))
        #expect(try reason("difference", [.image(try Samples.named("gif-animated").load())]).contains("differ in size"))
        #expect(try reason("hash_distance", [.value("12"), .value("34")], on: nil).contains("16 hexadecimal digits"))
        #expect(try reason("text", [.value(.string(Bytes([97, 0, 98])))], on: nil).contains("text is a string"))
    }

    @Test func argumentsByPlaceAndByNameAreTheSame() throws {
        let image = try Samples.named("png").load()
        let one = try ImageOperation.run("thumbnail", image, [.value(60), .value(40), .value("centre")]).image
        let two = try ImageOperation.run("thumbnail", image, [.value(["width": 60, "height": 40, "crop": "centre"])])
            .image
        #expect(try one?.samples() == two?.samples())
        // A number without a fraction is an integer, whatever computed it.
        let three = try ImageOperation.run(
            "thumbnail",
            image,
            [.value(60.0), .value(["height": 40.0, "crop": "centre"])]
        ).image
        #expect(try one?.samples() == three?.samples())
    }

    @Test func coloursAreWrittenInSeveralWays() throws {
        #expect(Colour(.string("#ff8000"))?.parts == [255, 128, 0])
        #expect(Colour(.string("#ff800080"))?.parts == [255, 128, 0, 128])
        #expect(Colour(.string("white"))?.parts == [255, 255, 255])
        #expect(Colour([1, 2, 3])?.parts == [1, 2, 3])
        #expect(Colour(7)?.parts == [7])
        for wrong: Value in ["#ff80", "reddish", [], ["a"], .null, "#+f8000", "#gg0000"] {
            #expect(Colour(wrong) == nil, "\(wrong)")
        }
    }
}
