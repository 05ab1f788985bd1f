import TidemillScripting
import TidemillValue

// Pixels as tables, for scripts that work on each of them: slow beside any operation, and enough for a small image.
extension ImageBinding {
    /// `img:row(y)`: the samples of a row counted from 1, band after band, pixel after pixel.
    var row: ScriptFunction {
        ScriptFunction(
            "row",
            summary: "The samples of one row as a table: band after band, pixel after pixel.",
            parameters: [ScriptParameter("y", "an integer", "Which one, from 1 through all pages.")]
        ) { script in
            let call = imageCall(script)
            let image = try image(script[0], call)
            guard let y = script[1].integer, 1...Int64(image.height * image.pages) ~= y else {
                throw ScriptCall.Problem("row takes a number from 1 to \(image.height * image.pages)")
            }
            return [.array(try image.row(Int(y) - 1, call: call))]
        }
    }

    /// `image.from_rows(rows, bands)`: an 8-bit image of rows as ``row`` gives them.
    var fromRows: ScriptFunction {
        ScriptFunction(
            "from_rows",
            summary: "An image of 8 bits of rows as `row` gives them; samples are rounded and kept within 0 to 255.",
            parameters: [
                ScriptParameter("rows", "a list of lists of numbers", "The rows, from the top."),
                ScriptParameter("bands", "an integer", "How many samples are a pixel."),
            ]
        ) { script in
            guard let rows = script[0].elements, let width = rows.first?.elements?.count, let bands = script[1].integer,
                bands > 0, width > 0, width % Int(bands) == 0
            else { throw ScriptCall.Problem("from_rows takes rows of numbers, and how many of them are a pixel") }
            var samples: [UInt8] = []
            samples.reserveCapacity(width * rows.count)
            for row in rows {
                guard let elements = row.elements, elements.count == width else {
                    throw ScriptCall.Problem("from_rows takes rows of the same length")
                }
                for element in elements { samples.append(try Self.sample(element)) }
            }
            let image = try Image.make(
                samples: Bytes(samples),
                width: width / Int(bands),
                height: rows.count,
                bands: Int(bands),
                call: imageCall(script)
            )
            return [.object(ImageObject(image))]
        }
    }

    /// Rounded and kept within 8 bits.
    private static func sample(_ value: Value) throws -> UInt8 {
        guard let number = value.number, number.isFinite else { throw ScriptCall.Problem("a sample is a number") }
        return UInt8(min(max(number.rounded(), 0), 255))
    }

    /// `img.width` and the like.
    func property(_ script: ScriptCall) throws -> Value? {
        let image = try image(script[0], imageCall(script))
        return switch script[1].text {
        case "width": .integer(Int64(image.width))
        case "height": .integer(Int64(image.height))
        case "pages": .integer(Int64(image.pages))
        case "bands": .integer(Int64(image.bands))
        case "format": image.format.map { .string(Bytes($0.rawValue)) }
        case "tostring": .string(Bytes("image of \(image.width) x \(image.height)"))
        default: nil
        }
    }
}
