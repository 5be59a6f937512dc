#!/usr/bin/env bash
# Compiles Native/MLX against the headers of PyPI's MLX into the folder $1: what `cox` opens where models in process are wanted.
# $2 is the folder of the Python package `mlx`. Quick if nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
mlx=$2
sources=(Native/MLX Sources/CMLX/include Scripts/native.sh "$mlx/include/mlx/version.h")
[ -e "$folder/libcoxswain_mlx.so" ] && [ -z "$(find "${sources[@]}" -newer "$folder/libcoxswain_mlx.so" -type f -print -quit)" ] && exit
# Swift comes with a compiler of C++.
compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang++
[ -x "$compiler" ] || compiler=$(command -v clang++ || command -v g++)
echo "Compiling the library for models in process …"
mkdir -p "$folder"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags=(-std=c++20 -fPIC -O3 -fassociative-math -fno-signed-zeros -fno-trapping-math -fno-math-errno -ffp-contract=fast
  -Wno-deprecated-declarations -ISources/CMLX/include "-I$mlx/include")
# Products with packed matrices give the same row in every tile only if their sums keep their order.
strict=(-fno-associative-math -fsigned-zeros -ftrapping-math -ffp-contract=off)
compile() {
  local own=()
  [[ $1 != */packed_kernels.cpp ]] || own=("${strict[@]}")
  "$compiler" "${flags[@]}" "${own[@]}" -c "$1" -o "$scratch/$(basename "$1" .cpp).o"
}
if [ "$(uname)" = Linux ]; then
  compile Native/MLX/blas.cpp
  "$compiler" -shared "$scratch/blas.o" -ldl -o "$folder/libcoxswain_blas.so"
  rm "$scratch/blas.o"
  others=$(ls Native/MLX/*.cpp | grep -v /blas.cpp)
  linked=(-Wl,-Bsymbolic)
else
  others=$(ls Native/MLX/*.cpp)
  linked=(-undefined dynamic_lookup)
fi
# Two at a time; an error of one is an error.
jobs=()
for source in $others; do
  compile "$source" & jobs+=($!)
  if [ "${#jobs[@]}" -ge 2 ]; then wait "${jobs[0]}"; jobs=("${jobs[@]:1}"); fi
done
for job in "${jobs[@]}"; do wait "$job"; done
# MLX's symbols are found when it is open already: where it lies is known only then.
"$compiler" -shared "${linked[@]}" "$scratch"/*.o -o "$scratch/libcoxswain_mlx.so"
# At once, so that an interrupted run leaves none.
mv "$scratch/libcoxswain_mlx.so" "$folder/libcoxswain_mlx.so"
