#!/usr/bin/env python3
"""What the gateway costs: the time of a call beside the same call made directly, memory, and forks by replay.

    Benchmarks/gateway/gateway.py .build/release/cox

The client is PyPI's openai, 16 programs at a time; the provider answers at once. Every figure is measured in this run.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
AGENTS = 16


def provider(folder, *options):
    process = subprocess.Popen([sys.executable, HERE / "echo.py", *options], stdout=subprocess.PIPE, text=True, cwd=folder)
    return process, "http://127.0.0.1:" + process.stdout.readline().strip()


def tasks(folder, count):
    path = folder / "tasks.jsonl"
    path.write_text("".join(json.dumps({"id": f"t{number}", "split": "test"}) + "\n" for number in range(count)))
    return path


def configuration(folder, url, command, processes, concurrency, calls=200, timeout=600):
    path = folder / "c.yaml"
    path.write_text(
        f"environment: {{ kind: agent, command: {json.dumps(command)}, tasks: {json.dumps(str(folder / 'tasks.jsonl'))},\n"
        f"  processes: {processes}, calls: {calls}, timeout: {timeout}, variables: [BENCH_TIMES] }}\n"
        f"policy: {{ kind: openai, url: {json.dumps(url + '/v1')}, model: echo, concurrency: {concurrency}, samplesPerCall: 1 }}\n")
    return path


def times(folder):
    """The seconds of every call after the first five of each program, which open connections."""
    return [second for path in folder.glob("*.times") for second in json.loads(path.read_text())[5:]]


def latency(cox, python, calls):
    """Seconds of a call, directly and through the gateway, in turns."""
    direct, through = [], []
    command = [python, str(HERE / "caller.py"), str(calls)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        process, url = provider(folder)
        tasks(folder, AGENTS)
        for turn in range(3):
            for kind, seconds in (("direct", direct), ("gateway", through)):
                out = folder / f"{kind}-{turn}"
                out.mkdir()
                environment = dict(os.environ, BENCH_TIMES=str(out))
                if kind == "direct":
                    environment.update(OPENAI_BASE_URL=url + "/v1", OPENAI_API_KEY="none")
                    programs = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(AGENTS)]
                    assert [program.wait() for program in programs] == [0] * AGENTS
                else:
                    config = configuration(folder, url, command, AGENTS, AGENTS)
                    subprocess.run(
                        [cox, "collect", "--config", config, "--split", "test", "--rollouts", "1", "--quiet",
                         "--store", out / "s.sqlite"], env=environment, check=True, stdout=subprocess.DEVNULL)
                found = times(out)
                assert len(found) == AGENTS * (calls - 5), len(found)
                seconds.append(statistics.mean(found))
        process.kill()
    print(f"a call directly {1000 * statistics.mean(direct):.1f} ms, through the gateway {1000 * statistics.mean(through):.1f} ms: "
          f"ratio {statistics.mean(b / a for a, b in zip(direct, through)):.2f} "
          f"({', '.join(f'{b / a:.2f}' for a, b in zip(direct, through))}), {AGENTS} programs at a time")


def resident(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def memory(cox, attempts):
    """Memory of cox with so many questions open; the programs are a shell and curl."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        process, url = provider(folder, "--hold", "600")
        tasks(folder, attempts)
        config = configuration(folder, url, ["/bin/sh", str(HERE / "asks.sh")], attempts, attempts)
        found = {}
        for count in (1, attempts):
            run = subprocess.Popen(
                [cox, "collect", "--config", config, "--split", "test", "--tasks", f"0..<{count}", "--rollouts", "1", "--quiet",
                 "--store", folder / f"{count}.sqlite"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                held = int((folder / "held").read_text() or 0) if (folder / "held").exists() else 0
                if held >= count:
                    break
                time.sleep(0.1)
            time.sleep(2)
            found[count] = resident(run.pid)
            run.kill()
            run.wait()
            (folder / "held").unlink(missing_ok=True)
            time.sleep(1)
        process.kill()
    print(f"memory of cox with 1 open attempt {found[1]:.0f} MB, with {attempts} {found[attempts]:.0f} MB")


def forks(cox, python):
    """Seconds of a start with ten recorded calls."""
    for name, command in (("openai", [python, str(HERE / "caller.py"), "11"]), ("standard library", ["python3", str(HERE / "bare.py"), "11"])):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            process, url = provider(folder)
            tasks(folder, 8)
            config = configuration(folder, url, command, 8, 8)
            environment = dict(os.environ, BENCH_TIMES=str(folder))
            said = subprocess.run(
                [cox, "check-environment", "--config", config, "--tasks", "0..<8", "--quiet"], env=environment, check=True,
                capture_output=True, text=True).stdout
            process.kill()
        seconds = [float(line.split("takes ")[1].split()[0]) for line in said.splitlines() if "recorded calls takes" in line]
        assert len(seconds) == 8, said
        print(f"a fork after ten calls ({name}) {statistics.mean(seconds):.2f} s, {1 / statistics.mean(seconds):.1f} a second one at a time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cox")
    parser.add_argument("--calls", type=int, default=60, help="calls of each program")
    parser.add_argument("--attempts", type=int, default=200)
    choice = parser.parse_args()
    cox = str(pathlib.Path(choice.cox).resolve())
    latency(cox, sys.executable, choice.calls)
    memory(cox, choice.attempts)
    forks(cox, sys.executable)


if __name__ == "__main__":
    main()
