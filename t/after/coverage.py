"""Lines reached, room by room, from gcovr's summary, as TAP: a room below the floor is a failure.

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


def tell(line):
    """Also where only errors are shown."""
    print(f"# {line}", file=sys.stderr)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        summary = json.load(file)
    floor, counted = float(sys.argv[2]), sorted(rooms(summary).items())
    if not counted:
        sys.exit("no line of src/ was counted")
    print(f"1..{len(counted)}")
    for number, (room, (reached, total)) in enumerate(counted, 1):
        percent = 100 * reached / max(total, 1)
        tell(f"{room:10} {percent:5.1f} %  {reached} of {total} lines")
        print("" if percent >= floor else "not ", f"ok {number} - {floor:.0f} % of the lines of {room} were reached", sep="")
    reached, total = (sum(counts) for counts in zip(*(counts for _, counts in counted)))
    tell(f"{'all':10} {100 * reached / total:5.1f} %  {reached} of {total} lines")
    for percent, name in low_files(summary, floor):
        tell(f"  {percent:5.1f} %  {name}")
    if any(100 * reached < floor * total for _, (reached, total) in counted):
        sys.exit(1)


if __name__ == "__main__":
    main()
