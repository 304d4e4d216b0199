"""Lets cardutil write and read clearing files for a test.

  cardutil_peer.py write FILE ENCODING BLOCKED    messages as JSON lines on stdin
  cardutil_peer.py read FILE ENCODING BLOCKED     messages as JSON lines on stdout
"""
import datetime
import json
import sys

from cardutil import mciipm


def plain(value):
    """What JSON can hold: times as they stand in the file, bytes as hexadecimal digits."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%y%m%d%H%M%S")
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def main():
    verb, path, encoding, blocked = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "true"
    if verb == "write":
        with open(path, "wb") as file, mciipm.IpmWriter(file, encoding=encoding, blocked=blocked) as writer:
            for line in sys.stdin:
                message = json.loads(line)
                if "DE12" in message:
                    message["DE12"] = datetime.datetime.strptime(message["DE12"], "%y%m%d%H%M%S")
                writer.write(message)
        return
    with open(path, "rb") as file:
        for message in mciipm.IpmReader(file, encoding=encoding, blocked=blocked):
            print(json.dumps({key: plain(value) for key, value in message.items()}))


main()
