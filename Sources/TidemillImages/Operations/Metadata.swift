import TidemillValue

/// What is known of an image beside its pixels, as values.
enum Metadata {
    typealias Fields = [(key: String, value: Value)]

    /// What the header says.
    static func description(of header: Header, format: ImageFormat?) -> Fields {
        var fields: Fields = []
        if let format { fields.append((key: "format", value: .string(Bytes(format.rawValue)))) }
        return fields + [
            (key: "width", value: .integer(Int64(header.width))),
            (key: "height", value: .integer(Int64(header.pageHeight))),
            (key: "pages", value: .integer(Int64(max(header.pages, header.filePages)))),
            (key: "bands", value: .integer(Int64(header.bands))),
            (key: "has_alpha", value: .bool(header.hasAlpha)),
            (key: "orientation", value: .integer(Int64(header.orientation))),
            (key: "space", value: .string(Bytes(header.interpretation))),
            (key: "sample", value: .string(Bytes(header.format))),
        ]
    }

    /// What the header and the fields say.
    static func value(of pixels: Pixels, header: Header, format: ImageFormat?) -> Value {
        var fields = description(of: header, format: format)
        fields.append((key: "icc", value: .bool(pixels.hasField("icc-profile-data"))))
        if let delays = pixels.integers("delay") {
            fields.append((key: "delays", value: .array(delays.map { .integer(Int64($0)) })))
        }
        if let loop = pixels.integer("loop") { fields.append((key: "loop", value: .integer(Int64(loop)))) }
        fields.append((key: "fields", value: texts(of: pixels)))
        return .table(fields)
    }

    /// The fields that are no bytes, each as text.
    private static func texts(of pixels: Pixels) -> Value {
        let header: Set = [
            "width", "height", "bands", "format", "coding", "interpretation", "xoffset", "yoffset", "filename", "mode",
        ]
        return .table(
            pixels.fieldNames.compactMap { name in
                header.contains(name) ? nil : pixels.text(name).map { (key: name, value: .string(Bytes($0))) }
            }
        )
    }
}
