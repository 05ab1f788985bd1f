#!/usr/bin/env python3
"""Thumbnails 320 px wide, JPEG q80, with pyvips (shrink-on-load).
usage: thumbnails_pyvips.py IN OUT PROCS thumbnail|resize; VIPS_CONCURRENCY from the environment."""
import os, sys
from multiprocessing import get_context


def one(job):
    import pyvips
    src, dst, mode = job
    if mode == "thumbnail":
        im = pyvips.Image.thumbnail(src, 320)
    else:
        im = pyvips.Image.new_from_file(src, access="sequential")
        im = im.resize(320 / im.width)
    im.jpegsave(dst, Q=80)


def main(inp, out, procs, mode):
    os.makedirs(out, exist_ok=True)
    jobs = [(os.path.join(inp, f), os.path.join(out, f), mode) for f in sorted(os.listdir(inp))]
    if int(procs) == 1:
        for j in jobs:
            one(j)
    else:
        with get_context("spawn").Pool(int(procs)) as p:
            for _ in p.imap_unordered(one, jobs, chunksize=4):
                pass


if __name__ == "__main__":
    main(*sys.argv[1:5])
