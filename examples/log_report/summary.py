# SPDX-License-Identifier: MIT
"""What the requests of a log amount to."""
import collections
import json
import re

NUMBER = re.compile(r"\d+")


def pattern_of(path):
    """/articles/17?x=1 is a request like /articles/18."""
    return NUMBER.sub("N", path.partition("?")[0])


def median(numbers):
    numbers = sorted(numbers)
    return numbers[len(numbers) // 2] if numbers else 0


class Summary:
    def __init__(self):
        self.hours = collections.Counter()
        self.statuses = collections.Counter()
        self.patterns = collections.Counter()
        self.users = collections.Counter()
        self.sizes = collections.defaultdict(list)
        self.visitors = collections.defaultdict(set)

    def add(self, request):
        pattern = pattern_of(request.path)
        self.hours[request.time.hour] += 1
        self.statuses[request.status] += 1
        self.patterns[pattern] += 1
        self.users[request.user] += 1
        self.sizes[pattern].append(request.size)
        self.visitors[pattern].add((request.host, request.agent))

    def as_dict(self):
        return {
            "requests": sum(self.hours.values()),
            "hours": {"%02d" % hour: n for hour, n in sorted(self.hours.items())},
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            "users": dict(self.users.most_common()),
            "pages": [
                {"page": pattern, "requests": n, "median_bytes": median(self.sizes[pattern]),
                 "visitors": len(self.visitors[pattern])}
                for pattern, n in self.patterns.most_common()],
        }


def summarize(requests):
    summary = Summary()
    for request in requests:
        summary.add(request)
    return summary


def render(summary):
    facts = json.loads(json.dumps(summary.as_dict()))
    lines = ["%d requests, %s" % (
        facts["requests"], ", ".join("%s: %d" % item for item in facts["statuses"].items())), ""]
    lines.append("%-32s %8s %8s %8s" % ("page", "requests", "visitors", "bytes"))
    for page in facts["pages"]:
        lines.append("%(page)-32s %(requests)8d %(visitors)8d %(median_bytes)8d" % page)
    lines.append("")
    most = max(facts["hours"].values())
    for hour, n in facts["hours"].items():
        lines.append("%s:00 %6d %s" % (hour, n, "#" * round(40 * n / most)))
    return "\n".join(lines)
