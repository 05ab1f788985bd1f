#!/usr/bin/env python3
"""Make N JPEGs of 1920x1080 with photographic content, the same for the same seed
(and the same Pillow): crops of scikit-image's sample photographs, scaled up,
flipped, brightened, with sensor-like noise. usage: photos.py DIR [N] [SEED]"""
import os, sys
import numpy as np
from PIL import Image, ImageEnhance
import skimage

NAMES = ["astronaut.png", "chelsea.png", "coffee.png", "grass.png", "gravel.png", "hubble_deep_field.jpg",
         "ihc.png", "motorcycle_left.png", "rocket.jpg", "retina.jpg"]


def main(out, n=200, seed=7):
    os.makedirs(out, exist_ok=True)
    base = os.path.join(os.path.dirname(skimage.__file__), "data")
    src = [Image.open(os.path.join(base, x)).convert("RGB") for x in NAMES if os.path.exists(os.path.join(base, x))]
    rng = np.random.default_rng(int(seed))
    for i in range(int(n)):
        im = src[i % len(src)]
        w, h = im.size
        cw = int(min(w, h * 16 / 9) * rng.uniform(0.6, 1.0))
        ch = int(cw * 9 / 16)
        x, y = int(rng.integers(0, w - cw + 1)), int(rng.integers(0, h - ch + 1))
        im = im.crop((x, y, x + cw, y + ch)).resize((1920, 1080), Image.LANCZOS)
        if rng.random() < 0.5:
            im = im.transpose(Image.FLIP_LEFT_RIGHT)
        im = ImageEnhance.Brightness(im).enhance(float(rng.uniform(0.8, 1.2)))
        a = np.asarray(im, dtype=np.float32)
        a = a + rng.normal(0, rng.uniform(2, 6), a.shape).astype(np.float32)
        Image.fromarray(np.clip(a, 0, 255).astype(np.uint8)).save(os.path.join(out, f"img{i:04d}.jpg"), quality=88, subsampling=2)


if __name__ == "__main__":
    main(*sys.argv[1:4])
