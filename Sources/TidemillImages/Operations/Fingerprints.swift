import TidemillValue

// Short texts that stand for an image.
extension ImageOperation {
    static let fingerprints: [ImageOperation] = [hash, hashDistance, blurhash]

    private static let hash = value(
        "hash",
        "64 bits as 16 hexadecimal digits that are alike for images that look alike.",
        [
            .optional(
                "kind",
                .choice(["dhash", "phash"]),
                "dhash",
                "By the differences of neighbours, or by the coarsest frequencies, which withstand more."
            )
        ]
    ) { (image, a) throws(ImageError) in
        let hash =
            try a.text("kind") == "dhash" ? PerceptualHash.difference(of: image, a.call) : .frequency(of: image, a.call)
        return .string(Bytes(hash.description))
    }

    private static let hashDistance = function(
        "hash_distance",
        "In how many of 64 bits two hashes differ; up to about 10 the images look alike.",
        [.required("first", .text, "One."), .required("second", .text, "The other.")]
    ) { (a) throws(ImageError) in
        guard let first = PerceptualHash(a.text("first")), let second = PerceptualHash(a.text("second")) else {
            throw ImageError(.argument, "a hash is 16 hexadecimal digits")
        }
        return .integer(Int64(first.distance(to: second)))
    }

    private static let blurhash = value(
        "blurhash",
        "A text of some 30 letters of which a blurred preview is drawn (blurha.sh).",
        [
            .optional("x", .integer(1...9), 4, "How many waves across."),
            .optional("y", .integer(1...9), 3, "How many waves down."),
        ]
    ) { (image, a) throws(ImageError) in
        let small = try SmallPixels(of: image, within: 64, a.call)
        return .string(Bytes(BlurHash(small, x: a.integer("x"), y: a.integer("y")).text))
    }
}
