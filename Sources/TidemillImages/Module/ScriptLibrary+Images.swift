import Tidemill
public import TidemillScripting

extension ScriptLibrary {
    /// The module `image` for the stages of a configuration, which limit it by their field `images`.
    public static let images = ScriptLibrary(.image(), fields: [field]) { settings in
        .image(limits(settings.optionalObject(field.name)))
    }

    private static let field = FieldSpecification(
        "images",
        .object([
            FieldSpecification(
                "max_pixels",
                .integer(in: 1...1 << 40),
                "How many pixels an image may have, all pages together; asked of its header before it is decoded.",
                default: .integer(ImageLimits().maxPixels)
            ),
            FieldSpecification(
                "max_pages",
                .integer(in: 1...1 << 20),
                "How many pages or frames an image may have.",
                default: .integer(ImageLimits().maxPages)
            ),
            FieldSpecification(
                "formats",
                .list(of: .choice(ImageFormat.allCases.map(\.rawValue)), count: 1...ImageFormat.allCases.count),
                "The formats that are read."
            ),
        ]),
        "How large the images of `require \"image\"` may be. What they hold counts as the script's `memory`."
    )

    private static func limits(_ settings: Settings?) -> ImageLimits {
        var limits = ImageLimits()
        guard let settings else { return limits }
        limits.maxPixels = settings.integer("max_pixels")
        limits.maxPages = settings.integer("max_pages")
        if settings.isGiven("formats") {
            limits.formats = Set(settings.strings("formats").compactMap { ImageFormat(rawValue: $0) })
        }
        return limits
    }
}
