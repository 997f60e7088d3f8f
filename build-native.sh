#!/usr/bin/env bash
# build-native.sh: builds Maskleap's native libraries. Only what is out of date is compiled.
#
#   ./build-native.sh [--out DIR] [--help] [TARGET...]
#
#   cpu          DIR/libmaskleap_cpu_LEVEL.so, the same sources for each instruction set: on x86-64 the levels x86-64 (any
#                processor), x86-64-v3 (AVX2), x86-64-v4 (AVX-512) and x86-64-v4-bf16 (with products of bfloat16), elsewhere
#                portable
#   cpu-LEVEL    that library alone; cpu-native: the one for this processor, or for MASKLEAP_ISA where that names a level
#   cuda         DIR/libmaskleap_cuda.so: sm_80, sm_90a, and PTX of compute_80 for GPUs of other kinds; needs nvcc
#   emulated     DIR/libmaskleap_cuda_emulated.so: the CUDA kernels as plain C++, on the CPU; and DIR/emulated/: libraries with the
#                names of CUDA's that emulate what of them is used, for tests of a program that calls them
#   cases        the kernels' cases: DIR/maskleap_cases_LEVEL on the CPU kernels; under address and undefined-behaviour sanitizers
#                DIR/maskleap_cases_sanitized_LEVEL on the CPU kernels and DIR/maskleap_cases_emulated (also a target of its own:
#                cases-emulated) on the emulated CUDA kernels and libraries
#   cases-native DIR/maskleap_cases_LEVEL alone, for the level of cpu-native
#   cases-cuda   DIR/maskleap_cases: the same cases for a GPU; builds cuda too
#   bench        DIR/maskleap_cuda_bench_emulated: rehearses the benchmarks of the CUDA kernels, under the same sanitizers
#   bench-cuda   DIR/maskleap_cuda_bench: times the CUDA kernels on a GPU; builds cuda too
#   (none)       cpu, emulated, and cuda where nvcc is found
#
#   --out DIR        where everything goes (default: native/build beside this script)
#   CXX              the C++ compiler (default: g++; 11 or newer, with OpenMP)
#   NVCC             the CUDA compiler (default: nvcc from PATH, or /usr/local/cuda/bin/nvcc; 12.8 or newer)
#
# cuda prints registers and spilled bytes per kernel, and fails where attention, cross-attention or the sampler spill without a
# reason in cuda/spills-allowed, and where ptxas has serialised products of a warpgroup.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
. native/level.sh
out=native/build
cxx=${CXX:-g++}

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
        cpu | cpu-* | cuda | emulated | cases | cases-native | cases-emulated | cases-cuda | bench | bench-cuda) targets+=("$1"); shift ;;
        *) die "unknown argument '$1' (--help shows what there is)" ;;
    esac
done

# ---- tools ----
command -v "$cxx" > /dev/null || die "no compiler '$cxx'. Install g++ 11 or newer (Debian, Ubuntu: apt install g++) or set CXX"
version=$("$cxx" -dumpversion)
((${version%%.*} >= 11)) || die "$cxx $version is too old: g++ 11 or newer is wanted (Debian, Ubuntu: apt install g++)"
# Also part of what makes objects out of date.
machine=$("$cxx" -dumpmachine)
"$cxx" -fopenmp -E -x c++ -include omp.h /dev/null > /dev/null 2>&1 ||
    die "$cxx $version does not take -fopenmp; OpenMP comes with g++ (libgomp)"
levels=($(levels_of "${machine%%-*}"))
is_level() { [[ " ${levels[*]} " == *" $1 "* ]] || die "'$1' is no instruction set of this library (${levels[*]})"; }
native_level=${MASKLEAP_ISA:-$(processor_level)}
for i in "${!targets[@]}"; do
    case ${targets[i]} in
        cpu-native) targets[i]=cpu-$native_level; is_level "$native_level" ;;
        cpu-*) is_level "${targets[i]#cpu-}" ;;
        cases-native) is_level "$native_level" ;;
    esac
done

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

# Compiled for any processor: they say whether the rest can run.
any_processor=(native/supported.cpp native/common/abi.cpp)
cpu_sources() { ls -S native/*.cpp | grep -v supported; }  # the largest first: they take longest
case_sources() { ls native/cases/*.cpp | grep -v memory_cpu; }  # what any library must pass
cuda_case_sources() { ls cuda/cases/*.cpp cuda/cases/*.cu | grep -v -e "memory_$1" -e "$1[a-z]*_[a-z_]*cases" -e "$1[a-z]*_libraries"; }  # but for the other device's
bench_sources() { ls cuda/bench/*.cpp cuda/bench/*.cu | grep -v "timing_$1"; }
cuda_sources() { ls -S cuda/*.cu; }  # the largest first: it takes longest
shared=(-shared -Wl,-z,defs -Wl,--as-needed)

# ---- targets ----
# No -ffast-math: NaN and infinity must behave, and sums keep their order.
library_flags=(-std=c++20 -O3 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-math-errno -fno-trapping-math
    -ffp-contract=fast "${warnings[@]}" "${includes[@]}")

# g++'s flag for a level, and what the sources know of it.
level_flags() {
    case $1 in
        portable) ;;
        *-bf16) echo "-march=${1%-bf16} -mavx512bf16" ;;
        *) echo "-march=$1" ;;
    esac
}
level_names() {
    local number=0
    case $1 in
        *-bf16) number=5 ;;
        *-v*) number=${1##*-v} ;;
    esac
    echo "-DLEAP_ISA_LEVEL=\"$1\" -DLEAP_ISA_NUMBER=$number"
}

# compile_for LEVEL FOLDER "COMPILER FLAGS..." SOURCE...: as compile, with what must run on any processor.
compile_for() {
    local level=$1 folder=$2 own
    local -n flags=$3
    shift 3
    local any=("${flags[@]}" $(level_names "$level")) leveled=("${flags[@]}" $(level_flags "$level") $(level_names "$level"))
    compile "$folder/any" any "${any_processor[@]}"
    own=("${objects[@]}")
    compile "$folder" leveled "$@"
    objects+=("${own[@]}")
}

# build_cpu LEVEL...
build_cpu() {
    local compiler=("$cxx" "${library_flags[@]}" -fopenmp) level
    for level in "$@"; do
        compile_for "$level" "$out/cpu-$level" compiler $(cpu_sources)
        link "$out/libmaskleap_cpu_$level.so" "$cxx" "${shared[@]}" -fopenmp
    done
}

# The emulation multiplies and adds in one instruction a great deal: without one it would crawl.
emulation_level() { if [[ ${#levels[@]} -gt 1 ]]; then echo x86-64-v3; else echo portable; fi; }

build_emulated() {
    local compiler=("$cxx" "${library_flags[@]}" "${emulation[@]}" -x c++)
    compile_for "$(emulation_level)" "$out/emulated-kernels" compiler $(cuda_sources) cuda/emulation/*.cpp
    link "$out/libmaskleap_cuda_emulated.so" "$cxx" "${shared[@]}"
    build_emulated_libraries
}

# Each of the emulated libraries by its name, from its folder in cuda/emulation/libraries; those without one are empty.
build_emulated_libraries() {
    mkdir -p "$out/emulated"
    build_emulated_library libcudart.so.13
    build_emulated_library libcuda.so.1 libcudart.so.13
    build_emulated_library libcublasLt.so.13 libcudart.so.13
    build_emulated_library libcublas.so.13
    build_emulated_library libcudnn_graph.so.9 libcudart.so.13
    build_emulated_library libcudnn_ops.so.9 libcudnn_graph.so.9 libcudart.so.13
    build_emulated_library libcudnn_cnn.so.9 libcudnn_graph.so.9 libcudart.so.13
    build_emulated_library libcudnn_adv.so.9
    build_emulated_library libcudnn.so.9
}

emulated_library_sources() { ls cuda/emulation/libraries/"$1"/*.cpp 2> /dev/null || echo cuda/emulation/libraries/empty.cpp; }

# build_emulated_library SONAME NEEDED...
build_emulated_library() {
    local name=$1 stem needed versions
    shift
    stem=${name%%.so*} stem=${stem#lib}
    local compiler=("$cxx" "${library_flags[@]}" $(level_flags "$(emulation_level)"))
    compile "$out/emulated-libraries/$stem" compiler $(emulated_library_sources "$stem")
    for needed in "$@"; do objects+=("$out/emulated/$needed"); done
    # CUDA's libraries give their symbols a version called as the library, and programs that were linked with them want it.
    versions=$out/emulated-libraries/$stem/versions
    echo "$name { global: cu*; emulated_*; extern \"C++\" { leap::emulation::*; }; local: *; };" > "$versions"
    link "$out/emulated/$name" "$cxx" "${shared[@]}" -Wl,-soname,"$name" -Wl,-rpath,'$ORIGIN' -Wl,--version-script="$versions"
}

# Exceptions are the cases' way to fail; kernels have none.
sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
case_flags=(-std=c++20 -O1 -g "${warnings[@]}" -Wno-unknown-pragmas "${includes[@]}" -Inative/cases)
sanitized=("$cxx" "${case_flags[@]}" "${sanitizers[@]}" $(level_flags "$(emulation_level)"))

# compile_more ...: as compile, and adds to `objects`.
compile_more() {
    local before=("${objects[@]}")
    compile "$@"
    objects=("${before[@]}" "${objects[@]}")
}

# The emulation's level, and the one that has instructions of its own in most places.
sanitized_levels() { if [[ ${#levels[@]} -gt 1 ]]; then echo "$(emulation_level) x86-64-v4-bf16"; else emulation_level; fi; }

# build_plain_cases LEVEL...: on the kernels that are shipped.
build_plain_cases() {
    local plain=("$cxx" "${case_flags[@]}") level
    build_cpu "$@"
    for level in "$@"; do
        compile "$out/cases-cpu" plain $(case_sources) native/cases/device_memory_cpu.cpp
        objects+=("$out/cpu-$level"/*.o "$out/cpu-$level"/any/*.o)
        link "$out/maskleap_cases_$level" "$cxx" -fopenmp
    done
}

# On the kernels that are shipped, for each level; and on some under sanitizers.
build_cases() {
    local kernels=("$cxx" "${case_flags[@]}" "${sanitizers[@]}" -fno-math-errno -fno-trapping-math
        -ffp-contract=fast -fopenmp) level
    build_plain_cases "${levels[@]}"
    for level in $(sanitized_levels); do
        compile_for "$level" "$out/sanitized-cpu-$level" kernels $(cpu_sources)
        compile_more "$out/cases-sanitized" sanitized $(case_sources)
        compile_more "$out/cases-sanitized-cpu" sanitized native/cases/device_memory_cpu.cpp
        link "$out/maskleap_cases_sanitized_$level" "$cxx" "${sanitizers[@]}" -fopenmp
    done
    build_cases_emulated
}

build_cases_emulated() { build_emulated_program maskleap_cases_emulated; }

# build_emulated_program NAME SOURCE...: linked with the kernels' sanitized objects and the cases.
build_emulated_program() {
    local name=$1 kernels=("${sanitized[@]}" "${emulation[@]}" -x c++)
    shift
    compile_for "$(emulation_level)" "$out/sanitized" kernels $(cuda_sources) cuda/emulation/*.cpp
    if (($# == 0)); then
        compile_more "$out/cases-sanitized" sanitized $(case_sources)
        compile_more "$out/cases-emulated" kernels $(cuda_case_sources cuda)
        compile_more "$out/sanitized-libraries" sanitized cuda/emulation/libraries/*/*.cpp
    else
        compile_more "$out/bench-emulated" kernels "$@"
    fi
    link "$out/$name" "$cxx" "${sanitizers[@]}"
}

build_bench() { build_emulated_program maskleap_cuda_bench_emulated $(bench_sources cuda) native/cases/case.cpp \
    cuda/cases/device_memory_emulated.cpp; }

nvcc_flags=(-std=c++20 -O3 --expt-relaxed-constexpr -lineinfo -gencode "arch=compute_80,code=[sm_80,compute_80]"
    -gencode arch=compute_90a,code=sm_90a -Xptxas -v -ccbin "$cxx" -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra)

build_cuda() {
    need_nvcc
    local compiler=("$nvcc" "${nvcc_flags[@]}" "${includes[@]}")
    compile "$out/cuda" compiler $(cuda_sources) native/common/abi.cpp
    [[ $compiled -eq 0 ]] || report_registers "$out/cuda"
    check_spills "$out/cuda"
    check_overlap "$out/cuda"
    # The CUDA runtime is inside, and stays there: another one in the same process is not disturbed.
    link "$out/libmaskleap_cuda.so" "$nvcc" -shared -cudart static -ccbin "$cxx" -Xlinker --exclude-libs=ALL,-z,defs
}

# Programs for a GPU are linked with the library's objects, not the library: they launch kernels of their own, by its hidden
# functions.
gpu_program_flags=(-std=c++20 -O2 -ccbin "$cxx" -Xcompiler -Wall,-Wextra,-fopenmp --expt-relaxed-constexpr
    -gencode "arch=compute_80,code=[sm_80,compute_80]" -gencode arch=compute_90a,code=sm_90a "${includes[@]}" -Inative/cases)

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

build_cases_cuda() { build_gpu_program maskleap_cases "$out/cases-cuda" $(case_sources) $(cuda_case_sources emulat); }

build_bench_cuda() { build_gpu_program maskleap_cuda_bench "$out/bench-cuda" $(bench_sources emulated) \
    native/cases/case.cpp cuda/cases/device_memory_cuda.cpp; }

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
for target in "${targets[@]}"; do
    case $target in
        cpu) build_cpu "${levels[@]}" ;;
        cpu-*) build_cpu "${target#cpu-}" ;;
        cases-native) build_plain_cases "$native_level" ;;
        *) "build_${target//-/_}" ;;
    esac
done
