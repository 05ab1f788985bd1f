"""Thumbnails of photos, beside programs that call the same libraries by hand."""
import os

from .model import Derived, Group, Row

PHOTOS = 200  # made; each stands there four times, so that start-up weighs little
COPIES = 4


def images(places, inputs, options):
    """Photos of 1920 x 1080 to 320 wide, JPEG with quality 80."""
    count = 20 if options.quick else PHOTOS * COPIES
    python, photos, out = places.python("photos"), inputs.photos(places, count), inputs.path("thumbnails")
    rows = []

    def incomplete():
        """Every photo must have become a JPEG 320 wide, as the header of each says."""
        made = [os.path.join(out, name) for name in os.listdir(out)]
        if len(made) != count:
            return f"{len(made)} files instead of {count}"
        wrong = [path for path in made if jpeg_width(path) != 320]
        return f"{wrong[0]} is no JPEG 320 wide" if wrong else None

    def add(name, command, env=None, **more):
        rows.append(Row(name, command, "images/s", lambda s: count / s.wall, {"VIPS_CONCURRENCY": "1"} | (env or {}), count=count,
                        output=out, folder=True, verify=incomplete, **more))

    def peer(name, program, *arguments):
        add(name, [program, *arguments], needs=program)

    def tidemill(name, config, workers, **more):
        add(name, [places.tidemill, "run", places.config(config)], {"IN": photos, "OUT": out, "WORKERS": str(workers)}, **more)

    files = [os.path.join(photos, name) for name in sorted(os.listdir(photos))]
    for threads in (1, 2):
        of = f"libvips from C, {threads} thread{'s' * (threads > 1)}"
        peer(of, places.peer("thumbnails"), str(threads), out, *files)
        tidemill(f"tidemill, {threads} worker{'s' * (threads > 1)}", "thumbnails", threads, against=of,
                 at_least=1.0 if threads == 2 else None)
    tidemill("tidemill, one stage that does four things", "thumbnails_one", 2)
    tidemill("tidemill, probe, thumbnail, watermark, encode", "thumbnails_four", 2, at_least=0.95,
             against="tidemill, one stage that does four things")
    for mode in ("draft", "full"):
        peer(f"Pillow {mode}, 2 processes", python, places.source("python/thumbnails_pillow.py"), photos, out, "2", mode)
    for mode in ("thumbnail", "resize"):
        peer(f"pyvips {mode}, 2 processes", python, places.source("python/thumbnails_pyvips.py"), photos, out, "2", mode)

    by_name = {r.name: r for r in rows}

    def peak(name):
        return {n: s.rss_mib for n, s in by_name[name].samples.items()}

    memory = Derived("peak memory, tidemill over libvips from C", "x",
                     lambda: [peak("tidemill, 2 workers"), peak("libvips from C, 2 threads")], lambda ours, theirs: ours / theirs, below=1.3)
    size = sum(os.path.getsize(path) for path in files)
    return Group("images", f"Thumbnails of {count} photos, {size / count / 1024:.0f} KiB each", rows, [memory],
                 note="draft and thumbnail decode at half the size and resize from there, as libvips from C and tidemill do; full and resize "
                      "decode everything.")


def jpeg_width(path):
    """The width that a JPEG's frame header gives; None where there is none."""
    with open(path, "rb") as f:
        data = f.read()
    place = 2 if data[:2] == b"\xff\xd8" else len(data)
    while place + 9 <= len(data) and data[place] == 0xFF:
        if data[place + 1] in (0xC0, 0xC1, 0xC2):
            return int.from_bytes(data[place + 7:place + 9], "big")
        place += 2 + int.from_bytes(data[place + 2:place + 4], "big")
    return None
