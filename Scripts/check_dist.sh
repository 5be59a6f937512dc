#!/usr/bin/env bash
# Checks an installation (a folder with bin/cox): that it needs no newer glibc than it says, and that it runs where there is
# neither a Swift toolchain nor this repository.
set -euo pipefail
dist=$(cd "$1" && pwd)
repository=$(cd "$(dirname "$0")/.." && pwd)

# Debian 12 has glibc 2.36, Ubuntu 22.04 has 2.35, Ubuntu 24.04 has 2.39.
for file in "$dist"/bin/cox "$dist"/lib/coxswain/*.so*; do
  newest=$(objdump -T "$file" | grep -o 'GLIBC_2\.[0-9]*' | sort -V | tail -1)
  [ "$(printf '%s\nGLIBC_2.35\n' "$newest" | sort -V | tail -1)" = GLIBC_2.35 ] || {
    echo "$file needs $newest, which is newer than GLIBC_2.35" >&2
    exit 1
  }
done
if ldd "$dist/bin/cox" | grep -i 'swift\|not found'; then
  echo "bin/cox needs libraries that only a toolchain has, see above" >&2
  exit 1
fi

# A copy, seen from a mount namespace in which the toolchain, the repository and Debian's XGBoost are hidden.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -a "$dist/." "$copy/"
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
if ! unshare --mount true 2>/dev/null; then
  echo "No mount namespace can be made here: bin/cox was run beside the toolchain only." >&2
  (cd "$copy" && env -i PATH=/usr/bin:/bin HOME="$copy" bin/cox --version >/dev/null)
  exit 0
fi
unshare --mount bash -euc '
  mount -t tmpfs none "$2"
  mount -t tmpfs none "$3"
  for library in /usr/lib/*/libxgboost.so* /usr/lib/*/libsqlite3.so*; do
    [ -e "$library" ] && mount --bind /dev/null "$library"
  done
  cd "$1"
  run() { env -i PATH=/usr/bin:/bin HOME="$1" "${@:2}"; }
  run "$1" bin/cox --version
  run "$1" bin/cox demo --print-config >c.yaml
  run "$1" bin/cox check-environment --config c.yaml --tasks "0..<2" >/dev/null
  run "$1" bin/cox keys >/dev/null
' check "$copy" "$toolchain" "$repository"
