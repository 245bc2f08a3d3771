# SPDX-License-Identifier: MIT
"""Reports on a web server's access log, again and again for some seconds. usage: main.py [SECONDS]

The main thread reads and counts while two others compress the log for the archive. What it prints at the end is always
the same.
"""
import concurrent.futures
import hashlib
import sys
import time
import zlib

import summary
import weblog

LINES = 8000
PIECE = 200000  # bytes compressed at a time


def compress(piece):
    packed = zlib.compress(piece, 9)
    return hashlib.sha256(piece).hexdigest(), len(packed)


def archive(pool, log):
    data = log.encode()
    return [pool.submit(compress, data[i:i + PIECE]) for i in range(0, len(data), PIECE)]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    until = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="archive") as pool:
        while True:
            log = weblog.make_log(LINES)
            pieces = archive(pool, log)
            text = summary.render(summary.summarize(weblog.parse(log)))
            digests = [piece.result()[0] for piece in pieces]
            if time.monotonic() >= until:
                break
    print(text)
    print()
    print("archived in %d pieces, the last one is %s" % (len(digests), digests[-1]))


if __name__ == "__main__":
    main()
