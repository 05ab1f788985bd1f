#!/usr/bin/env python3
"""Write a synthetic NCSA combined access log: the same bytes for the same seed.

usage: access_log.py [--lines N] [--seed S] [--out FILE]

In it: 2,000 client addresses and 500 paths, both drawn with a Zipf-like skew; query strings on a quarter of the
GETs; 60 user agents; referers; 3 % of requests with a remote user; 5 % health checks (GET /healthz); 0.2 % requests
that are just "-" (a client that timed out), which the parse task must leave out.
The default, 2,000,000 lines, is 447 MB with md5 5d2206030d5769ada40313377a4795f7.
"""
import argparse
import random
import time

WORDS = ("alpha beta gamma delta order cart item user login logout search image static css js app api v1 v2 "
         "blog post comment feed tag archive download upload report invoice billing account settings help "
         "about contact product category review media video thumb asset font icon admin token session").split()
HOSTS = ["https://www.example.com", "https://shop.example.com", "https://www.google.com/", "https://duckduckgo.com/",
         "https://t.co/x"]
USERS = ["frank", "mary", "ops", "svc-deploy", "j.doe"]
STATUSES = [200] * 78 + [304] * 8 + [301] * 3 + [302] * 2 + [404] * 5 + [403] + [401] + [500] + [502]
METHODS = ["GET"] * 84 + ["POST"] * 10 + ["HEAD"] * 3 + ["PUT"] * 2 + ["DELETE"]
HEALTH_AGENT = "kube-probe/1.28"
START, LINES_A_SECOND = 1700000000, 400
BLOCK = 20000


def agents():
    names = [f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
             f"Chrome/{v}.0.0.0 Safari/537.36" for v in range(100, 124)]
    for v in range(14, 18):
        names.append(f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                     f"Version/{v}.1 Safari/605.1.15")
        names.append(f"Mozilla/5.0 (iPhone; CPU iPhone OS {v}_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                     f"Version/{v}.1 Mobile/15E148 Safari/604.1")
    names += [f"Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0" for v in range(96, 118)]
    return names + ["curl/7.88.1", "Go-http-client/1.1", "python-requests/2.31.0",
                    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                    "okhttp/4.12.0"]


def skewed(rnd, n, s):
    """A function that draws k indices below n, the small ones far more often."""
    weights = [1.0 / (i + 1) ** s for i in range(n)]
    indices = list(range(n))
    return lambda k: rnd.choices(indices, weights=weights, k=k)


def random_path(rnd):
    depth = rnd.randint(1, 5)
    path = "/" + "/".join(rnd.choice(WORDS) for _ in range(depth))
    return path + rnd.choice(["", "", "/", ".html", ".js", ".css", ".png", ".jpg", f"/{rnd.randint(1, 99999)}"])


class Log:
    """Draws lines block by block; the order of the draws fixes the bytes, so keep it."""

    def __init__(self, seed):
        self.rnd = r = random.Random(seed)
        self.addresses = [f"{r.randint(1,223)}.{r.randint(0,255)}.{r.randint(0,255)}.{r.randint(1,254)}" for _ in range(2000)]
        self.paths = [random_path(r) for _ in range(500)]
        self.referers = ["-"] * 4 + [h + p for h in HOSTS[:2] for p in self.paths[:40]] + HOSTS[2:] * 10
        self.agents = agents()
        self.draw_address = skewed(r, len(self.addresses), 0.9)
        self.draw_path = skewed(r, len(self.paths), 1.1)

    def block(self, first, count):
        r = self.rnd
        columns = zip(self.draw_address(count), self.draw_path(count), r.choices(STATUSES, k=count), r.choices(METHODS, k=count),
                      r.choices(self.agents, k=count), r.choices(self.referers, k=count))
        second, stamp = None, None
        for n, (address, path, status, method, agent, referer) in enumerate(columns, first):
            if second != n // LINES_A_SECOND:
                second = n // LINES_A_SECOND
                stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(START + second))
            yield self.line(self.addresses[address], self.paths[path], status, method, agent, referer, stamp)

    def line(self, address, path, status, method, agent, referer, stamp):
        r = self.rnd
        kind = r.random()
        if kind < 0.05:
            return f'10.0.0.{r.randint(1, 20)} - - [{stamp}] "GET /healthz HTTP/1.1" 200 2 "-" "{HEALTH_AGENT}"\n'
        if kind < 0.052:
            return f'{address} - - [{stamp}] "-" 408 - "-" "-"\n'
        user = r.choice(USERS) if kind > 0.97 else "-"
        if method == "GET" and kind > 0.75:
            path += f"?id={r.randint(1, 999999)}&q={r.choice(WORDS)}+{r.choice(WORDS)}&page={r.randint(1, 40)}"
        size = "-" if status == 304 or method == "HEAD" else str(int(r.lognormvariate(8.5, 1.5)) + 20)
        version = "2.0" if kind > 0.4 else "1.1"
        return f'{address} - {user} [{stamp}] "{method} {path} HTTP/{version}" {status} {size} "{referer}" "{agent}"\n'


def write(path, lines, seed=20240):
    log = Log(seed)
    with open(path, "w", newline="\n", buffering=1 << 20) as out:
        for first in range(0, lines, BLOCK):
            out.writelines(log.block(first, min(BLOCK, lines - first)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=20240)
    parser.add_argument("--out", default="access.log")
    options = parser.parse_args()
    write(options.out, options.lines, options.seed)
