"""The work folder and the input files in it."""
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from .check import reference

BYTES_A_LINE = 224  # of the generated log, for guessing how much room is needed


def room_needed(lines, memory_bytes):
    """The log, its output, and the memory group's larger pair of the two; an output is 1.6 times its input."""
    return int(2.6 * (lines * BYTES_A_LINE + memory_bytes)) + (64 << 20)


@contextmanager
def work_folder(given, room):
    """A folder for inputs and outputs: the given one, which is kept, or a new one, in memory where there is room."""
    if given:
        os.makedirs(given, exist_ok=True)
        yield os.path.abspath(given)
        return
    memory = "/dev/shm"
    in_memory = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= room
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-", dir=memory if in_memory else None) as folder:
        yield folder


class Inputs:
    """Makes input files when they are first asked for."""

    def __init__(self, work, generator):
        self.work, self.generator = work, generator
        self.references = {}  # by lines

    def path(self, name):
        return os.path.join(self.work, name)

    def access_log(self, lines):
        """The generated log of that many lines."""
        return self._made(f"access-{lines}.log", lambda path: self.generator.write(path, lines))

    def access_log_of_size(self, size, lines):
        """The generated log over and over, up to that many bytes, cut at the end of a line."""
        source = self.access_log(lines)
        return self._made(f"access-{size >> 20}-mib.log", lambda path: repeat(source, path, size))

    def photos(self, places, count):
        """A folder with so many photos, of which every 200 are the same; they are made once and kept in Benchmarks/.work."""
        made = os.path.join(places.benchmarks, ".work", "200-photos")
        if not os.path.exists(made):
            print(f"writing {made}", file=sys.stderr, flush=True)
            subprocess.check_call([places.python("photos"), places.source("data/photos.py"), made + ".part", "200"])
            os.rename(made + ".part", made)
        return self._made(f"photos-{count}", lambda folder: copy_photos(made, folder, count))

    def reference(self, lines):
        """What parsing the generated log must give; calculated once."""
        if lines not in self.references:
            self.references[lines] = reference(self.access_log(lines))
        return self.references[lines]

    def _made(self, name, make):
        path = self.path(name)
        if not os.path.exists(path):
            print(f"writing {path}", file=sys.stderr, flush=True)
            make(path + ".part")
            os.rename(path + ".part", path)
        return path


def copy_photos(source, folder, count):
    """Each photo over and over, under a name of its own, until there are enough."""
    os.makedirs(folder, exist_ok=True)
    names = sorted(os.listdir(source))
    for i in range(count):
        stem, extension = os.path.splitext(names[i % len(names)])
        target = os.path.join(folder, f"{stem}-{i // len(names)}{extension}")
        if i < len(names):
            shutil.copyfile(os.path.join(source, names[i]), target)
        else:
            os.link(os.path.join(folder, f"{stem}-0{extension}"), target)


def repeat(source, target, size):
    with open(source, "rb") as log, open(target, "wb") as out:
        left = size
        while left > 0:
            block = log.read(min(left, 1 << 20))
            if not block:
                log.seek(0)
                continue
            left -= len(block)
            if left == 0:
                block = block[:block.rfind(b"\n") + 1]
            out.write(block)
