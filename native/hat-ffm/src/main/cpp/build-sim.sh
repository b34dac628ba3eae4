#!/bin/sh
# Builds the simulator of the AI HAT+ 2 where a C++ compiler is; says so in one line where none is, and succeeds.
# Usage: build-sim.sh FOLDER        writes FOLDER/libcleave_hat_sim.so; does nothing where that is newer than its sources
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
out=${1:?usage: build-sim.sh FOLDER}
library=$out/libcleave_hat_sim.so
compiler=${CXX:-g++}

if ! command -v "$compiler" >/dev/null 2>&1; then
  echo "build-sim: no $compiler here, so that the simulator of the AI HAT+ 2 is not built; install g++ or set CXX to have it"
  exit 0
fi
if [ -e "$library" ] &&
    [ -z "$(find "$here/sim" "$here/common" "$here/include" "$here/build-sim.sh" -type f -newer "$library" | head -n 1)" ]; then
  exit 0
fi

mkdir -p "$out/sim-objects"
# What a source that is gone has left behind is not to be linked.
rm -f "$out"/sim-objects/*.o
flags="-std=c++17 -O3 -fPIC -fvisibility=hidden -Wall -Wextra -I$here/include -I$here/sim ${CXXFLAGS:-}"
# One compiler for each core; each leaves a file behind where it fails.
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
find "$here/sim" "$here/common" -name '*.cpp' -print |
  xargs -P "$cores" -I SOURCE sh -c '"$0" $1 -c "$2" -o "$3/$(basename "$2" .cpp).o"' \
    "$compiler" "$flags" SOURCE "$out/sim-objects"

link="-shared -pthread"
case $(uname -s) in
  Linux)
    # The C++ library goes inside: nothing but libc is needed then, and its symbols cannot meet others in the JVM.
    link="$link -static-libstdc++ -static-libgcc -Wl,--version-script=$here/common/exports.map -Wl,-z,defs" ;;
esac
# Into place in one step: whoever has the library loaded keeps his own.
"$compiler" "$out"/sim-objects/*.o $link ${LDFLAGS:-} -o "$library.new"
mv -f "$library.new" "$library"
