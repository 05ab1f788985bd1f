internal import CVips
internal import TidemillValue

extension Pixels {
    /// What `body` makes of each page, one below the other again; for operations that would take the pages of an
    /// animation for one tall image.
    func mappingPages(
        _ call: ImageCall,
        _ body: (Pixels) throws(ImageError) -> Pixels
    ) throws(ImageError) -> Pixels {
        if header.pages == 1 { return try body(self) }
        var pages: [Pixels] = []
        for index in 0..<header.pages {
            pages.append(try body(try page(index, call)))
            // Each page alone may be within the limits, and all of them not.
            let made = pages[0].header
            try call.limits.check(
                "the result",
                width: made.width,
                pageHeight: made.height,
                pages: header.pages,
                bytes: ImageLimits.product(made.bytes, header.pages)
            )
        }
        guard pages.allSatisfy({ $0.header.height == pages[0].header.height }) else {
            throw ImageError(.failed, "the pages came out at different heights")
        }
        var limits = call
        // arrayjoin gives one tall image until its pages are marked again.
        limits.limits.maxDimension = Int(Int32.max)
        let joined = try VipsCall("arrayjoin", ["in": .images(pages), "across": .integer(1)]).image(limits)
        return try joined.withPages(height: pages[0].header.height)
    }

    /// One page, counted from 0.
    func page(_ index: Int, _ call: ImageCall) throws(ImageError) -> Pixels {
        let page = try cropping(
            x: 0,
            y: index * header.pageHeight,
            width: header.width,
            height: header.pageHeight,
            call
        )
        return try page.changing { copy in
            tide_image_remove(copy, "page-height")
            tide_image_remove(copy, "n-pages")
        }
    }

    /// A rectangle of it.
    func cropping(x: Int, y: Int, width: Int, height: Int, _ call: ImageCall) throws(ImageError) -> Pixels {
        try applying(
            "extract_area",
            call,
            ["left": .integer(x), "top": .integer(y), "width": .integer(width), "height": .integer(height)],
            input: "input"
        )
    }
}
