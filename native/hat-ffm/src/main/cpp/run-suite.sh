#!/bin/sh
# Builds and runs the C-level contract suite.
# Usage: run-suite.sh FOLDER [plain|sanitized|shim]
#   plain      on the simulator that build-sim.sh has left in FOLDER
#   sanitized  on a simulator of its own under AddressSanitizer and UndefinedBehaviorSanitizer (the default); with
#              HAILORT_ROOT on the shim as well, where build-shim.sh has left it in FOLDER
#   shim       on that shim alone: what needs a device, or the model of CLEAVE_HAT_TEST_HEF, is skipped without
# What has passed is not run again until something of it changes, unless it is called with FORCE=1.
# Where there is no compiler, or no sanitizer to link with, it says so in one line and succeeds.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
out=${1:?usage: run-suite.sh FOLDER [plain|sanitized]}
mode=${2:-sanitized}
compiler=${CXX:-g++}

say() { echo "run-suite: $*"; }

if ! command -v "$compiler" >/dev/null 2>&1; then
  say "no $compiler here, so that the contract suite in C++ is skipped; install g++ or set CXX to run it"
  exit 0
fi
mkdir -p "$out/suite-$mode"
objects=$out/suite-$mode
flags="-std=c++17 -g1 -Wall -Wextra -Werror -fPIC -I$here/include -I$here/sim -I$here/test ${CXXFLAGS:-}"
stale() { [ ! -e "$1" ] || [ -n "$(find $2 "$here/include" "$here/run-suite.sh" -type f -newer "$1" | head -n 1)" ]; }
if [ "$mode" = sanitized ] && [ -n "${HAILORT_ROOT:-}" ]; then
  if [ -e "$out/libcleave_hat.so" ]; then
    sh "$here/run-suite.sh" "$out" shim
  else
    say "HAILORT_ROOT is set, but build-shim.sh has left no $out/libcleave_hat.so: the contract suite skips the shim"
  fi
fi
if [ "$mode" != shim ] && [ "${FORCE:-0}" = 0 ] && ! stale "$objects/passed" "$here/sim $here/common $here/test"; then
  say "the contract suite in C++ ($mode) has passed, and nothing of it has changed since"
  exit 0
fi
case $mode in
  plain | shim) flags="$flags -O2" ;;
  sanitized)
    flags="$flags -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
    echo 'int main() { return 0; }' >"$objects/probe.cpp"
    if ! "$compiler" $flags "$objects/probe.cpp" -o "$objects/probe" 2>/dev/null || ! "$objects/probe"; then
      say "no sanitizer runtime for $compiler here, so that the contract suite in C++ is skipped; install libasan and libubsan"
      exit 0
    fi ;;
  *) say "unknown mode $mode: plain, sanitized or shim"; exit 2 ;;
esac

sources="$here/test/*.cpp $here/sim/sim_sha256.cpp"
[ "$mode" != sanitized ] || sources="$here/test/*.cpp $here/sim/*.cpp $here/common/*.cpp"

suite=$objects/cleave_hat_contract
if stale "$suite" "$here/sim $here/common $here/test"; then
  cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
  rm -f "$objects"/*.o "$suite"
  ls $sources | xargs -P "$cores" -I SOURCE sh -c '"$0" $1 -c "$2" -o "$3/$(basename "$2" .cpp).o"' \
    "$compiler" "$flags" SOURCE "$objects"
  link="-pthread -ldl"
  case $mode in
    plain) link="$link -L$out -lcleave_hat_sim -Wl,-rpath,$out" ;;
    shim) link="$link -L$out -lcleave_hat -Wl,-rpath,$out" ;;
  esac
  "$compiler" $flags "$objects"/*.o $link -o "$suite"
fi

CLEAVE_HAT_SIM_CONFIG=$objects/settings
rm -f "$CLEAVE_HAT_SIM_CONFIG"
export CLEAVE_HAT_SIM_CONFIG
unset CLEAVE_HAT_SIM
if ! "$suite" >"$objects/log" 2>&1; then
  grep -v '^passed' "$objects/log" >&2
  exit 1
fi
touch "$objects/passed"
say "the contract suite in C++ ($mode): $(tail -n 1 "$objects/log"); its log is $objects/log"
