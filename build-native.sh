#!/usr/bin/env bash
# build-native.sh: builds Maskleap's native libraries. Only what is out of date is compiled.
#
#   ./build-native.sh [--out DIR] [--help] [TARGET...]
#
#   cpu          DIR/libmaskleap_cpu.so
#   cuda         DIR/libmaskleap_cuda.so: sm_80, sm_90a, and PTX of compute_80 for GPUs of other kinds; needs nvcc
#   emulated     DIR/libmaskleap_cuda_emulated.so: the CUDA kernels as plain C++, on the CPU
#   cases        DIR/maskleap_cases_emulated: the CUDA kernels' cases, emulated, under address and undefined-behaviour sanitizers
#   cases-cuda   DIR/maskleap_cases: the same cases for a GPU; builds cuda too
#   bench        DIR/maskleap_cuda_bench_emulated: rehearses the benchmarks of the CUDA kernels, under the same sanitizers
#   bench-cuda   DIR/maskleap_cuda_bench: times the CUDA kernels on a GPU; builds cuda too
#   (none)       cpu, emulated, and cuda where nvcc is found
#
#   --out DIR        where everything goes (default: native/build beside this script)
#   MASKLEAP_MARCH   instruction set, as g++ -march takes it (default: native, that is, this machine only)
#   CXX              the C++ compiler (default: g++; 11 or newer, with OpenMP)
#   NVCC             the CUDA compiler (default: nvcc from PATH, or /usr/local/cuda/bin/nvcc; 12.8 or newer)
#
# cuda prints registers and spilled bytes per kernel, and fails where attention, cross-attention or the sampler spill without a
# reason in cuda/spills-allowed, and where ptxas has serialised products of a warpgroup.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
out=native/build
cxx=${CXX:-g++}
march=${MASKLEAP_MARCH:-native}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' build-native.sh; }
die() {
    echo "build-native.sh: $*" >&2
    exit 1
}

targets=()
while (($#)); do
    case $1 in
        --out) [[ -n ${2:-} ]] || die "--out needs a folder"; out=$2; shift 2 ;;
        --help | -h) usage; exit 0 ;;
        cpu | cuda | emulated | cases | cases-cuda | bench | bench-cuda) targets+=("$1"); shift ;;
        *) die "unknown argument '$1' (--help shows what there is)" ;;
    esac
done

# ---- tools ----
command -v "$cxx" > /dev/null || die "no compiler '$cxx'. Install g++ 11 or newer (Debian, Ubuntu: apt install g++) or set CXX"
version=$("$cxx" -dumpversion)
((${version%%.*} >= 11)) || die "$cxx $version is too old: g++ 11 or newer is wanted (Debian, Ubuntu: apt install g++)"
# What the machine or -march stands for, and that the compiler takes it with OpenMP. Part of what makes objects out of date.
machine=$("$cxx" -march="$march" -fopenmp -dM -E -x c++ -include omp.h /dev/null 2> /dev/null | sort | cksum) ||
    die "$cxx $version does not take -march=$march with -fopenmp. Set MASKLEAP_MARCH; OpenMP comes with g++ (libgomp)"

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
have_nvcc() { command -v "$nvcc" > /dev/null; }
need_nvcc() {
    have_nvcc || die "no CUDA compiler '$nvcc'. Install the CUDA toolkit 12.8 or newer (developer.nvidia.com/cuda-downloads) or set NVCC"
}
if ((${#targets[@]} == 0)); then
    targets=(cpu emulated)
    if have_nvcc; then targets+=(cuda); else echo "build-native.sh: no nvcc: libmaskleap_cuda.so is left out"; fi
fi

# ---- compiling ----
# Sources and headers by their paths from here, so that dependency files hold no spaces and messages are short.
includes=(-Icuda -Inative -Inative/common -Inative/include)
warnings=(-Wall -Wextra)
emulation=(-DLEAP_EMULATED -Wno-unknown-pragmas)

temporary=()
trap 'rm -f ${temporary[@]+"${temporary[@]}"}' EXIT

# True where one of the object's dependencies is newer, or the object or one of them is missing.
is_stale() {
    local object=$1 dependency
    [[ -f $object && -f ${object%.o}.d ]] || return 0
    for dependency in $(sed -e '1s/^.*\.o[^:]*://' -e 's/\\$//' "${object%.o}.d"); do
        [[ -f $dependency && ! $dependency -nt $object ]] || return 0
    done
    return 1
}

# compile FOLDER "COMPILER FLAGS..." SOURCE...: the sources' objects in FOLDER, named in the array `objects`; `compiled` counts
# those that were out of date. Objects are moved into place when they are whole, so two builds at once do no harm.
compile() {
    local folder=$1 source object name stamp running=0
    local -n command_line=$2
    shift 2
    objects=() compiled=0
    mkdir -p "$folder"
    stamp="$version ${command_line[*]} $machine"
    if [[ ! -f $folder/flags || $(< "$folder/flags") != "$stamp" ]]; then
        rm -f "$folder"/*.o
        echo "$stamp" > "$folder/flags"
    fi
    for source in "$@"; do
        name=$(basename "$source")
        object=$folder/${name//./_}.o
        objects+=("$object")
        is_stale "$object" || continue
        if ((running == $(getconf _NPROCESSORS_ONLN))); then
            wait -n || compilation_failed
            running=$((running - 1))
        fi
        compile_one "$source" "$object" "${command_line[@]}" &
        compiled=$((compiled + 1)) running=$((running + 1))
    done
    while ((running > 0)); do
        wait -n || compilation_failed
        running=$((running - 1))
    done
    # A source that is gone takes its object along.
    for object in "$folder"/*.o; do
        [[ " ${objects[*]} " == *" $object "* ]] || { rm -f "$object" "${object%.o}".*; compiled=$((compiled + 1)); }
    done
}

compile_one() {
    local source=$1 object=$2 part=$2.$BASHPID
    shift 2
    "$@" -MMD -MF "${object%.o}.d" -MT "$(basename "$object")" -c "$source" -o "$part" 2> "$part.log" ||
        { cat "$part.log" >&2; rm -f "$part" "$part.log"; return 1; }
    grep -v -e '^ptxas info' -e 'bytes stack frame' "$part.log" >&2 || true
    mv "$part.log" "${object%.o}.log"
    mv "$part" "$object"
}

compilation_failed() {
    wait
    die "compilation failed"
}

# link RESULT COMPILER FLAGS...: from `objects`, where one of them is newer than RESULT. A process that has the old file loaded
# keeps it.
link() {
    local result=$1
    shift
    [[ ! -f $result || $compiled -gt 0 || -n $(find "${objects[@]}" -newer "$result" -print -quit) ]] || return 0
    temporary+=("$result.$$")
    "$@" -o "$result.$$" "${objects[@]}"
    mv "$result.$$" "$result"
    echo "built $result ($SECONDS s)"
}

cpu_source() { ls native/*.cpp native/common/*.cpp; }
case_sources() { ls cuda/cases/*.cpp cuda/cases/*.cu | grep -v "$1"; }  # but for those of the other device
bench_sources() { ls cuda/bench/*.cpp cuda/bench/*.cu | grep -v "timing_$1"; }
cuda_sources() { ls -S cuda/*.cu native/common/*.cpp; }  # the largest first: it takes longest
shared=(-shared -Wl,-z,defs -Wl,--as-needed)

# ---- targets ----
# No -ffast-math: NaN and infinity must behave, and sums keep their order.
library_flags=(-std=c++20 -O3 -march="$march" -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-math-errno
    -fno-trapping-math -ffp-contract=fast "${warnings[@]}" "${includes[@]}" -DMASKLEAP_MARCH="\"$march\"")

build_cpu() {
    local compiler=("$cxx" "${library_flags[@]}" -fopenmp)
    compile "$out/cpu" compiler $(cpu_source)
    link "$out/libmaskleap_cpu.so" "$cxx" "${shared[@]}" -fopenmp
}

build_emulated() {
    local compiler=("$cxx" "${library_flags[@]}" "${emulation[@]}" -x c++)
    compile "$out/emulated" compiler $(cuda_sources) cuda/emulation/*.cpp
    link "$out/libmaskleap_cuda_emulated.so" "$cxx" "${shared[@]}"
}

# Exceptions are the cases' way to fail; kernels have none.
sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
sanitized=("$cxx" -std=c++20 -O1 -g -march="$march" "${sanitizers[@]}" "${warnings[@]}" "${includes[@]}" "${emulation[@]}"
    -Icuda/cases -x c++)

# build_emulated_program NAME FOLDER SOURCE...: linked with the kernels' sanitized objects.
build_emulated_program() {
    local name=$1 folder=$2 library
    shift 2
    compile "$out/sanitized" sanitized $(cuda_sources) cuda/emulation/*.cpp
    library=("${objects[@]}")
    compile "$folder" sanitized "$@"
    objects+=("${library[@]}")
    link "$out/$name" "$cxx" "${sanitizers[@]}"
}

build_cases() { build_emulated_program maskleap_cases_emulated "$out/cases-emulated" $(case_sources device_memory_cuda); }

build_bench() { build_emulated_program maskleap_cuda_bench_emulated "$out/bench-emulated" $(bench_sources cuda) \
    cuda/cases/case.cpp cuda/cases/device_memory_emulated.cpp; }

nvcc_flags=(-std=c++20 -O3 --expt-relaxed-constexpr -lineinfo -gencode "arch=compute_80,code=[sm_80,compute_80]"
    -gencode arch=compute_90a,code=sm_90a -Xptxas -v -ccbin "$cxx" -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra)

build_cuda() {
    need_nvcc
    local compiler=("$nvcc" "${nvcc_flags[@]}" "${includes[@]}")
    compile "$out/cuda" compiler $(cuda_sources)
    [[ $compiled -eq 0 ]] || report_registers "$out/cuda"
    check_spills "$out/cuda"
    check_overlap "$out/cuda"
    # The CUDA runtime is inside, and stays there: another one in the same process is not disturbed.
    link "$out/libmaskleap_cuda.so" "$nvcc" -shared -cudart static -ccbin "$cxx" -Xlinker --exclude-libs=ALL,-z,defs
}

# Programs for a GPU are linked with the library's objects, not the library: they launch kernels of their own, by its hidden
# functions.
gpu_program_flags=(-std=c++20 -O2 -ccbin "$cxx" -Xcompiler -Wall,-Wextra,-fopenmp --expt-relaxed-constexpr
    -gencode "arch=compute_80,code=[sm_80,compute_80]" -gencode arch=compute_90a,code=sm_90a "${includes[@]}" -Icuda/cases)

# build_gpu_program NAME FOLDER SOURCE...
build_gpu_program() {
    local name=$1 folder=$2
    shift 2
    build_cuda
    local compiler=("$nvcc" "${gpu_program_flags[@]}")
    compile "$folder" compiler "$@"
    objects+=("$out"/cuda/*.o)
    link "$out/$name" "$nvcc" -cudart static -ccbin "$cxx" -Xcompiler -fopenmp
}

build_cases_cuda() { build_gpu_program maskleap_cases "$out/cases-cuda" $(case_sources emulat); }

build_bench_cuda() { build_gpu_program maskleap_cuda_bench "$out/bench-cuda" $(bench_sources emulated) \
    cuda/cases/case.cpp cuda/cases/device_memory_cuda.cpp; }

# ptxas's words, one line per kernel: architecture, registers, bytes spilled, bytes of static shared memory, file, kernel.
register_table() {
    local log
    for log in "$1"/*_cu.log; do
        awk -v file="$(basename "$log" _cu.log)" '
            /Compiling entry function/ { split($0, quoted, "\x27"); kernel = quoted[2]; arch = quoted[4] }
            /bytes spill stores/ { spilled = $5 + $9 }
            /Used [0-9]+ registers/ {
                shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
                match($0, /Used [0-9]+/)
                print arch, substr($0, RSTART + 5, RLENGTH - 5), spilled, shared, file, kernel
            }' "$log"
    done | c++filt | sed -e 's/(anonymous namespace):://g' -e 's/(.*$//' -e 's/leap:://g'
}

report_registers() {
    register_table "$1" | sort -k5,5 -k6 -k1,1 > "$1/registers.txt"
    awk '{ kernel = $6; for (i = 7; i <= NF; ++i) kernel = kernel " " $i
           printf "%-7s %3d registers, %d bytes spilled, %5d bytes shared  %s: %s\n", $1, $2, $3, $4, $5, kernel }' \
        "$1/registers.txt"
}

check_spills() {
    local spilled="" line
    while read -r line; do
        grep -v '^#' cuda/spills-allowed | sed 's/: .*//' | grep -qxF "$line" || spilled+=$'\n'"  $line"
    done < <(awk '$3 > 0 && $5 ~ /attention|sample/ { kernel = $6; for (i = 7; i <= NF; ++i) kernel = kernel " " $i; print $1, kernel }' \
        "$1/registers.txt")
    [[ -z $spilled ]] || die "these kernels spill registers, and cuda/spills-allowed gives no reason:$spilled"
}

# ptxas says so where it makes asynchronous products wait for each other, or ignores how registers are shared out.
check_overlap() {
    local said
    said=$(grep -hE '\(C75[0-9]{2}\)' "$1"/*.log || true)
    [[ -z $said ]] || die "warpgroup products lose their overlap:"$'\n'"$said"
}

mkdir -p "$out"
for target in "${targets[@]}"; do "build_${target//-/_}"; done
