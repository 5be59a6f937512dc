#!/usr/bin/env bash
# Installs the wheels of .build/wheels into an empty environment, as a user without Swift would, and uses them.
set -euo pipefail
cd "$(dirname "$0")/.."
wheels=$PWD/.build/wheels
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
start=$(date +%s)
python3 -m venv venv
# What pip is configured with, and nothing else of this machine's settings.
kept=()
while IFS= read -r name; do kept+=("$name=${!name}"); done < <(
  compgen -e | grep -E '^(PIP_.*|SSL_CERT_.*|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)$' || true
)
clean() { env -i "${kept[@]}" PATH="$place/venv/bin:/usr/bin:/bin" HOME="$HOME" TMPDIR="$place" "$@"; }
# With its version: PyPI has another project of this name.
version=$(basename "$wheels"/coxswain-[0-9]*.whl | cut -d- -f2)
clean pip install --quiet --disable-pip-version-check --find-links "$wheels" "coxswain[local,open-weights]==$version"
echo "Installed in $(($(date +%s) - start)) s: $(clean cox --version)"
clean cox doctor >doctor.txt || { cat doctor.txt >&2; exit 1; }
clean cox demo --print-config >c.yaml
clean cox steer --config c.yaml --method best-of --particles 2 --tasks "0..<2" --quiet --json result.json
clean python - <<'PYTHON'
import json
import coxswain

result = json.load(open("result.json"))
assert result["tasks"] == 2 and result["failedParticles"] == 0, result
assert sum(1 for _ in coxswain.Store(".coxswain/store.sqlite").rows("trajectories")) == 4
assert coxswain.run("steer", config="c.yaml", method="best-of", particles=2, tasks="0..<2").raw["tasks"] == 2
PYTHON
# The same model in the process, on PyPI's MLX.
cat >in-process.yaml <<'YAML'
environment: { kind: orders, tasks: { test: "0..<2" } }
policy: { kind: mlx, model: MODEL, api: text, format: plain, maxTokens: 8 }
YAML
sed -i "s|MODEL|$(echo venv/lib/python3*/site-packages/coxswain_smollm2/*.gguf)|" in-process.yaml
clean cox steer --config in-process.yaml --method best-of --particles 2 --quiet --store in-process.sqlite --json - |
  clean python -c "import json, sys; result = json.load(sys.stdin); assert result['failedParticles'] == 0, result"
echo "The wheels work: a model on loopback and one in process have played 2 orders each, in an environment of their own."
