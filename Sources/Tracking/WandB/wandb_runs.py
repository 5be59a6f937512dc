"""Keeps runs of Weights & Biases, as told by lines of JSON on standard input.

Answers every line with one line on standard output: {} where it is done, or {"error": …}. The argument is a JSON object of settings:
project, entity, mode, folder. Ends with its input.
"""

import json
import os
import signal
import sys

# What the package prints must not mix with the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
# Ctrl-C reaches the whole terminal; the command decides when its runs end.
signal.signal(signal.SIGINT, signal.SIG_IGN)
settings = json.loads(sys.argv[1])
key = os.environ.get("WANDB_API_KEY", "")
runs = {}
logged = {}


def numbers(text):
    """The numbers in `0-4,7`."""
    found = set()
    for part in str(text or "").split(","):
        first, _, last = part.partition("-")
        if not (part.isascii() and first.isdigit() and (last or first).isdigit()):
            continue
        # The server's summary, which may be anybody's.
        if int(first) <= int(last or first) < 10_000_000:
            found.update(range(int(first), int(last or first) + 1))
    return found


def ranges(found):
    """`0-4,7` for a set of numbers."""
    parts, ordered = [], sorted(found)
    start = 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place] != ordered[place - 1] + 1:
            first, last = ordered[start], ordered[place - 1]
            parts.append(str(first) if first == last else f"{first}-{last}")
            start = place
    return ",".join(parts)


def begin(line):
    import wandb

    wanted = {
        "silent": True, "console": "off", "save_code": False, "disable_git": True, "disable_code": True,
        "x_disable_stats": True, "x_disable_meta": True, "x_disable_machine_info": True,
    }
    known = getattr(wandb.Settings, "model_fields", wanted)
    run = wandb.init(
        project=settings["project"], entity=settings.get("entity"), mode=settings["mode"], dir=settings["folder"],
        id=line["run"], name=line["name"], config=line["config"], tags=line["tags"], resume="allow",
        reinit="create_new", settings=wandb.Settings(**{name: value for name, value in wanted.items() if name in known}),
    )
    run.define_metric("task/number")
    run.define_metric("task/*", step_metric="task/number")
    runs[line["run"]] = run
    logged[line["run"]] = numbers(run.summary.get("coxswain/tasks")) if run.resumed else set()


def log(line):
    run, done = runs[line["run"]], logged[line["run"]]
    if line["step"] in done:
        return
    run.log({**line["figures"], "task/number": line["step"]})
    done.add(line["step"])


def finish(line):
    run = runs[line["run"]]
    run.summary.update(line["figures"])
    run.summary["coxswain/tasks"] = ranges(logged[line["run"]])
    run.summary["coxswain/status"] = line["status"]


def file(line):
    import wandb

    artifact = wandb.Artifact(f"report-{line['run'][:12]}", type="report")
    with artifact.new_file(line["name"], mode="w", encoding="utf-8") as target:
        target.write(line["text"])
    runs[line["run"]].log_artifact(artifact)


def end(_line):
    for name, run in list(runs.items()):
        run.finish()
        del runs[name]


acts = {"begin": begin, "log": log, "finish": finish, "file": file, "end": end}
for text in sys.stdin:
    reply = {}
    try:
        line = json.loads(text)
        if line["do"] != "begin" and line.get("run", next(iter(runs), "")) not in runs and line["do"] != "end":
            raise RuntimeError("the run could not be created")
        acts[line["do"]](line)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        reply = {"error": (message.replace(key, "…") if key else message)[:300]}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()
