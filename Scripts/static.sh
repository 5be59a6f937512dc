#!/usr/bin/env bash
# Builds products for release with a static Swift runtime, in .build/static: Scripts/static.sh PRODUCT…
# The objects of a static build are others than those of an ordinary one, so that the folder is its own. What wheels,
# installations and CI need comes from here, and is compiled once.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tools=$root/.build/dist-tools

if ! cmp -s Scripts/requirements-dist.txt "$tools/requirements.txt"; then
  echo "Installing the Python packages of Scripts/requirements-dist.txt …" >&2
  [ -x "$tools/bin/python" ] || python3 -m venv "$tools"
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r Scripts/requirements-dist.txt
  cp Scripts/requirements-dist.txt "$tools/requirements.txt"
fi
packages=$("$tools/bin/python" -c "import sysconfig; print(sysconfig.get_path('purelib'))")

# A folder with nothing else in it, so that the linker takes these in place of the shared libraries of the system.
libraries=$root/.build/dist-libraries
mkdir -p "$libraries"
for library in libsqlite3.a libz.a; do
  found=$(find /usr/lib /usr/local/lib -name "$library" -print -quit 2>/dev/null)
  [ -n "$found" ] || { echo "There is no $library: install libsqlite3-dev and zlib1g-dev" >&2; exit 1; }
  ln -sf "$found" "$libraries/"
done
ln -sf "$packages/xgboost/lib/libxgboost.so" "$libraries/"

for product in "$@"; do
  swift build -c release --product "$product" --static-swift-stdlib --scratch-path .build/static \
    -Xlinker "-L$libraries" -Xlinker -rpath -Xlinker "\$ORIGIN/../lib/coxswain"
done
