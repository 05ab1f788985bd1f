internal import CVips
import TidemillValue

// Two images side by side.
extension ImageOperation {
    static let comparison: [ImageOperation] = [difference, compare, equal]

    private static let other = ImageParameter.required("other", .image, "The other image, of the same size.")

    private static let difference = pixels(
        "difference",
        "How far each sample is from the other image's.",
        [other]
    ) { (pixels, a) throws(ImageError) in
        try pixels.difference(from: try a.image("other").pixels(a.call), a.call)
    }

    private static let compare = value(
        "compare",
        "How far two images are apart: the mean and max of all samples' differences, and whether they are equal.",
        [other]
    ) { (image, a) throws(ImageError) in
        let difference = try image.pixels(a.call).difference(from: try a.image("other").pixels(a.call), a.call)
        let all = try Statistics(of: difference, a.call).all
        return .table([
            (key: "mean", value: .number(all.mean)), (key: "max", value: .number(all.max)),
            (key: "equal", value: .bool(all.max == 0)),
        ])
    }

    private static let equal = value(
        "equal",
        "Whether two images have the same size, bands, type and samples.",
        [.required("other", .image, "The other image.")]
    ) { (image, a) throws(ImageError) in
        let (left, right) = (try image.pixels(a.call), try a.image("other").pixels(a.call))
        let (one, two) = (left.header, right.header)
        guard one.width == two.width, one.height == two.height, one.bands == two.bands, one.format == two.format else {
            return false
        }
        return .bool(
            try left.withSamples { (left) throws(ImageError) in
                try right.withSamples { right in left.elementsEqual(right) }
            }
        )
    }
}

extension Pixels {
    /// How far each sample is from the other image's, in the type that this one has.
    fileprivate func difference(from other: Pixels, _ call: ImageCall) throws(ImageError) -> Pixels {
        guard header.width == other.header.width, header.height == other.header.height else {
            throw ImageError(
                .argument,
                "the images differ in size: \(header.width) × \(header.height) and "
                    + "\(other.header.width) × \(other.header.height)"
            )
        }
        guard header.bands == other.header.bands else {
            throw ImageError(.argument, "the images have \(header.bands) and \(other.header.bands) bands")
        }
        let signed = try VipsCall("subtract", ["left": .image(self), "right": .image(other)]).image(call)
        let distance = try signed.applying("abs", call)
        return try distance.applying("cast", call, ["format": .text(header.format)])
    }
}
