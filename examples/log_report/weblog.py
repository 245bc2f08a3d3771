# SPDX-License-Identifier: MIT
"""A web server's access log: one that is made up, and what its lines mean."""
import collections
import datetime
import re

Request = collections.namedtuple("Request", "host user time method path status size agent")

LINE = re.compile(
    r'(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^]]+)\] '
    r'"(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" (?P<status>\d{3}) (?P<size>\d+|-) '
    r'"[^"]*" "(?P<agent>(?:[^"\\]|\\.)*)"')

PATHS = [
    "/", "/about", "/articles/{}", "/articles/{}/comments", "/images/{}.png", "/search?q=word{}&page=2",
    "/api/v1/users/{}", "/api/v1/users/{}/orders?since=2024-01-01", "/static/app.js", "/static/style.css"]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15",
    "curl/7.88.1", "ExampleBot/2.1 (+https://example.org/bot)"]
USERS = ["-", "-", "-", "zo\u00eb", "jan", "\u043e\u043b\u044c\u0433\u0430"]


def make_log(lines, seed=20240229):
    """The same text for the same arguments, on every machine."""
    log = []
    state = seed
    second = 0
    for _ in range(lines):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        dice = state >> 24
        second += dice % 21
        path = PATHS[dice // 7 % len(PATHS)].format(dice // 11 % 400)
        status = 500 if dice % 97 == 0 else 404 if dice % 31 == 0 else 304 if dice % 5 == 0 else 200
        log.append('10.0.%d.%d - %s [29/Feb/2024:%02d:%02d:%02d +0000] "%s %s HTTP/1.1" %d %s "-" "%s"' % (
            dice % 4, dice // 13 % 250, USERS[dice // 3 % len(USERS)],
            second // 3600 % 24, second // 60 % 60, second % 60,
            "POST" if dice % 9 == 0 else "GET", path, status,
            "-" if status == 304 else dice // 17 % 60000 + 200, AGENTS[dice // 5 % len(AGENTS)]))
    return "\n".join(log) + "\n"


def parse_time(text):
    return datetime.datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")


def parse_size(text):
    return 0 if text == "-" else int(text)


def parse_line(line):
    match = LINE.match(line)
    if match is None:
        raise ValueError("not a line of an access log: %r" % line)
    fields = match.groupdict()
    fields["time"] = parse_time(fields["time"])
    fields["status"] = int(fields["status"])
    fields["size"] = parse_size(fields["size"])
    return Request(**fields)


def parse(log):
    for line in log.splitlines():
        yield parse_line(line)
