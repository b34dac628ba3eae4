#!/bin/sh
# Builds libcleave_hat.so, Cleave's way to the AI HAT+ 2, for the HailoRT that is installed on this machine.
set -eu

usage() {
  cat <<'TEXT'
Usage: build-shim.sh [OPTIONS]
Finds HailoRT 5, builds libcleave_hat.so and libcleave_hat_hailort.so against it, and installs both side by side.
Run it on the machine with the board, and again after each upgrade of HailoRT.

  --prefix DIR     installs to DIR/lib (default /usr/local; where that may not be written, they stay in the build's
                   folder, where Cleave finds them as well)
  --hailort DIR    where HailoRT is: DIR/include/hailo and DIR/lib (default: HAILORT_ROOT, pkg-config, /usr, /usr/local)
  --check          only says what is found and what is missing, and builds nothing
  --help           this text

Environment: CXX (default g++), CXXFLAGS, HAILORT_ROOT.
TEXT
}

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
out=$here/../../../target/native
prefix=/usr/local
root=${HAILORT_ROOT:-}
check=0
say() { echo "build-shim: $*"; }
die() { echo "build-shim: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix needs a folder}; shift ;;
    --hailort) root=${2:?--hailort needs a folder}; shift ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "unknown option $1" ;;
  esac
  shift
done

install_hint="Raspberry Pi OS: sudo apt install dkms && sudo apt install hailo-h10-all && sudo reboot
  other Debian or Ubuntu: the package hailort 5.x and its driver from the vendor's developer zone
  elsewhere: point --hailort or HAILORT_ROOT to a folder with include/hailo/hailort.hpp and lib/libhailort.so"

# ---- what there is ---------------------------------------------------------------------------

compiler=${CXX:-g++}
command -v "$compiler" >/dev/null 2>&1 || die "no C++ compiler ($compiler); install one: sudo apt install g++"

headers() { [ -r "$1/hailo/hailort.hpp" ] && [ -r "$1/hailo/infer_model.hpp" ]; }
include=
if [ -n "$root" ]; then
  headers "$root/include" || die "no hailo/hailort.hpp in $root/include; HailoRT is elsewhere, or its headers are missing
  $install_hint"
  include=$root/include
else
  from_pkg=$(pkg-config --variable=includedir hailort 2>/dev/null || true)
  for place in "$from_pkg" /usr/include /usr/local/include; do
    if [ -n "$place" ] && headers "$place"; then include=$place; break; fi
  done
fi

triplet=$("$compiler" -dumpmachine | sed 's/-pc-/-/')
library=
for place in ${root:+"$root/lib" "$root/lib/$triplet" "$root/lib64"} \
    $([ -n "$root" ] || echo "/usr/lib /usr/lib/$triplet /usr/local/lib /usr/lib64"); do
  for file in "$place/libhailort.so" "$place"/libhailort.so.5.*; do
    if [ -r "$file" ]; then library=$file; break 2; fi
  done
done

if [ -z "$include" ] || [ -z "$library" ]; then
  [ -n "$include" ] && say "headers in $include" || say "no headers of HailoRT (hailo/hailort.hpp)"
  [ -n "$library" ] && say "library $library" || say "no libhailort.so"
  die "HailoRT 5 with its headers is needed:
  $install_hint"
fi
folder=$(dirname -- "$library")

# The library itself says which release it is: headers do not. It would write log files, were it not told otherwise.
HAILORT_LOGGER_PATH=NONE
export HAILORT_LOGGER_PATH
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
cat >"$probe/version.cpp" <<'CODE'
#include <cstdio>
#include "hailo/hailort.h"
int main() {
  hailo_version_t v = {};
  if (hailo_get_library_version(&v) != HAILO_SUCCESS) return 1;
  std::printf("%u.%u.%u\n", v.major, v.minor, v.revision);
}
CODE
"$compiler" -std=c++17 -I"$include" "$probe/version.cpp" "$library" -Wl,-rpath,"$folder" -o "$probe/version" 2>"$probe/log" ||
  die "$library does not link with its headers in $include: $(head -n 3 "$probe/log")"
version=$("$probe/version") || die "$library does not load: $(LD_LIBRARY_PATH=$folder ldd "$library" | grep 'not found' || echo 'no version')"
case $version in
  5.*) ;;
  4.*) die "HailoRT $version drives the Hailo-8; the AI HAT+ 2 needs HailoRT 5:
  sudo apt remove hailo-all && sudo apt install hailo-h10-all && sudo reboot" ;;
  *) die "HailoRT $version is of a release that this shim was not written for: it needs 5.x" ;;
esac
say "HailoRT $version: headers $include, library $library"
if [ "$check" = 1 ]; then
  say "all that is needed is here; run it without --check to build"
  exit 0
fi

# ---- build -----------------------------------------------------------------------------------

objects=$out/shim-objects
mkdir -p "$objects"
flags="-std=c++17 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -I$here/include ${CXXFLAGS:-}"
link="-shared -pthread -Wl,--version-script=$here/common/exports.map -Wl,-z,defs ${LDFLAGS:-}"
for source in "$here"/shim/*.cpp "$here"/common/*.cpp; do
  # Their headers are not ours to mend: no warnings from them.
  "$compiler" $flags -isystem "$include" -DCLEAVE_HAILORT_SONAME="\"libhailort.so.$version\"" \
    -c "$source" -o "$objects/$(basename "$source" .cpp).o" ||
    die "it does not build against HailoRT $version; the lines above say where"
done
"$compiler" "$objects"/shim_*.o $link "$library" -Wl,-rpath,"$folder" -o "$out/libcleave_hat_hailort.so.new"
"$compiler" "$objects/loader.o" "$objects/status.o" $link -ldl -o "$out/libcleave_hat.so.new"
mv -f "$out/libcleave_hat_hailort.so.new" "$out/libcleave_hat_hailort.so"
mv -f "$out/libcleave_hat.so.new" "$out/libcleave_hat.so"
out=$(CDPATH= cd -- "$out" && pwd -P)
say "built $out/libcleave_hat.so for HailoRT $version"

# ---- install ---------------------------------------------------------------------------------

if mkdir -p "$prefix/lib" 2>/dev/null && [ -w "$prefix/lib" ]; then
  for name in libcleave_hat_hailort.so libcleave_hat.so; do
    cp "$out/$name" "$prefix/lib/$name.new" && mv -f "$prefix/lib/$name.new" "$prefix/lib/$name"
  done
  say "installed to $prefix/lib"
else
  say "$prefix/lib may not be written: for all users of this machine run
  sudo install -m 755 $out/libcleave_hat.so $out/libcleave_hat_hailort.so $prefix/lib"
fi
