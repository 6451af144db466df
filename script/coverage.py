"""Lines reached, room by room, from gcovr's summary; fails where a room is below the floor.

Arguments: the summary, the floor in percent.
"""

import collections
import json
import sys


def rooms(summary):
    counted = collections.defaultdict(lambda: [0, 0])
    for file in summary["files"]:
        room = counted[file["filename"].split("/")[1]]
        room[0] += file["line_covered"]
        room[1] += file["line_total"]
    return counted


def low_files(summary, floor):
    return sorted((f["line_percent"], f["filename"]) for f in summary["files"] if (f["line_percent"] or 0) < floor)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        summary = json.load(file)
    floor, low = float(sys.argv[2]), []
    for room, (reached, total) in sorted(rooms(summary).items()):
        percent = 100 * reached / max(total, 1)
        print(f"{room:10} {percent:5.1f} %  {reached} of {total} lines")
        if percent < floor:
            low.append(room)
    reached, total = (sum(counts) for counts in zip(*rooms(summary).values()))
    print(f"{'all':10} {100 * reached / total:5.1f} %  {reached} of {total} lines")
    for percent, name in low_files(summary, floor):
        print(f"  {percent:5.1f} %  {name}")
    if low:
        sys.exit(f"below {floor:.0f} %: {', '.join(low)}")


if __name__ == "__main__":
    main()
