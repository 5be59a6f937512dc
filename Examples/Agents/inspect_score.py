"""Prints the reward of the newest log of Inspect in ./logs (or the folder given): 1 for C, 0 for I."""
import glob
import json
import os
import sys


def unscored(reason):
    """Ends without a score: neither 0 (right) nor 1 (wrong)."""
    print(reason, file=sys.stderr)
    sys.exit(2)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "logs"
    logs = sorted(glob.glob(os.path.join(folder, "*.json")), key=os.path.getmtime)
    if not logs:
        unscored(f"There is no log in {folder}.")
    with open(logs[-1]) as file:
        log = json.load(file)
    if log["status"] != "success":
        unscored(f"The evaluation ended with {log['status']}: {(log.get('error') or {}).get('message', '')}")
    value = next(iter(log["samples"][0]["scores"].values()))["value"]
    print(json.dumps({"reward": {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}.get(value, value)}))


if __name__ == "__main__":
    main()
