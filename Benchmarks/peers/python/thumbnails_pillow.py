#!/usr/bin/env python3
"""Thumbnails 320 px wide, JPEG q80, with Pillow. usage: thumbnails_pillow.py IN OUT PROCS draft|full"""
import os, sys
from multiprocessing import Pool
from PIL import Image


def one(job):
    src, dst, draft = job
    with Image.open(src) as im:
        if draft:
            im.draft("RGB", (640, 360))  # DCT scaling to the next size above; resize from there
        h = round(im.height * 320 / im.width)
        im.resize((320, h), Image.LANCZOS, reducing_gap=None).save(dst, quality=80)


def main(inp, out, procs, mode):
    os.makedirs(out, exist_ok=True)
    jobs = [(os.path.join(inp, f), os.path.join(out, f), mode == "draft") for f in sorted(os.listdir(inp))]
    if int(procs) == 1:
        for j in jobs:
            one(j)
    else:
        with Pool(int(procs)) as p:
            for _ in p.imap_unordered(one, jobs, chunksize=4):
                pass


if __name__ == "__main__":
    main(*sys.argv[1:5])
