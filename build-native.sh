#!/usr/bin/env bash
# build-native.sh: builds Maskleap's native libraries. Only what is out of date is compiled.
#
#   ./build-native.sh [--out DIR] [--help]
#
#   --out DIR        where the libraries go (default: native/build beside this script)
#   MASKLEAP_MARCH   instruction set, as g++ -march takes it (default: native, that is, this machine only)
#   CXX              the compiler (default: g++; 11 or newer, with OpenMP)
#
# Makes DIR/libmaskleap_cpu.so; object files lie in DIR/cpu.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$root/native
out=$root/native/build
cxx=${CXX:-g++}
march=${MASKLEAP_MARCH:-native}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
die() {
    echo "build-native.sh: $*" >&2
    exit 1
}

while (($#)); do
    case $1 in
        --out) [[ -n ${2:-} ]] || die "--out needs a folder"; out=$2; shift 2 ;;
        --help | -h) usage; exit 0 ;;
        *) die "unknown argument '$1' (--help shows what there is)" ;;
    esac
done

# ---- tools ----
command -v "$cxx" > /dev/null || die "no compiler '$cxx'. Install g++ 11 or newer (Debian, Ubuntu: apt install g++) or set CXX"
version=$("$cxx" -dumpversion)
((${version%%.*} >= 11)) || die "$cxx $version is too old: g++ 11 or newer is wanted (Debian, Ubuntu: apt install g++)"
# What the machine or -march stands for, and that the compiler takes it with OpenMP. Part of what makes objects out of date.
target=$("$cxx" -march="$march" -fopenmp -dM -E -x c++ -include omp.h /dev/null 2> /dev/null | sort | cksum) ||
    die "$cxx $version does not take -march=$march with -fopenmp. Set MASKLEAP_MARCH; OpenMP comes with g++ (libgomp)"

# ---- what to compile ----
objects_dir=$out/cpu
library=$out/libmaskleap_cpu.so
mkdir -p "$objects_dir"

# No -ffast-math: NaN and infinity must behave, and sums keep their order.
flags=(-std=c++20 -O3 -march="$march" -fopenmp -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-math-errno
    -fno-trapping-math -ffp-contract=fast -Wall -Wextra -I"$source_dir/include" -DMASKLEAP_MARCH="\"$march\"")

stamp=$objects_dir/flags
if [[ ! -f $stamp || $(< "$stamp") != "$cxx $version ${flags[*]} $target" ]]; then
    rm -f "$objects_dir"/*.o
    echo "$cxx $version ${flags[*]} $target" > "$stamp"
fi

newer_header_than() { [[ -n $(find "$source_dir"/*.hpp "$source_dir/include" "$root/build-native.sh" -newer "$1" -print -quit) ]]; }

sources=("$source_dir"/*.cpp)
objects=()
stale=()
for source in "${sources[@]}"; do
    object=$objects_dir/$(basename "$source" .cpp).o
    objects+=("$object")
    if [[ ! -f $object || $source -nt $object ]] || newer_header_than "$object"; then stale+=("$source"); fi
done
# A source that is gone takes its object along.
for object in "$objects_dir"/*.o; do
    [[ -f $object && ! -f $source_dir/$(basename "$object" .o).cpp ]] && rm -f "$object" "$library"
done

if ((${#stale[@]} == 0)) && [[ -f $library && -z $(find "${objects[@]}" -newer "$library" -print -quit) ]]; then exit 0; fi

# ---- compile, link ----
# Files are moved into place when they are whole: a process that has the old library loaded keeps it, and two builds at
# once do no harm.
trap 'rm -f "$objects_dir"/*."$$" "$library.$$"' EXIT
compilation_failed() {
    wait
    die "compilation failed"
}
jobs=$(getconf _NPROCESSORS_ONLN)
running=0
for source in "${stale[@]}"; do
    if ((running == jobs)); then
        wait -n || compilation_failed
        running=$((running - 1))
    fi
    object=$objects_dir/$(basename "$source" .cpp).o
    { "$cxx" "${flags[@]}" -c "$source" -o "$object.$$" && mv "$object.$$" "$object"; } &
    running=$((running + 1))
done
while ((running > 0)); do
    wait -n || compilation_failed
    running=$((running - 1))
done

"$cxx" -shared -fopenmp -Wl,-z,defs -Wl,--as-needed -o "$library.$$" "${objects[@]}"
mv "$library.$$" "$library"
echo "built $library (-march=$march, $SECONDS s)"
