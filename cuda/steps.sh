# steps.sh: what cuda/check and the bundle's gpu-check are made of: steps that record what came of them, each in its time, all
# together in `total_limit` seconds. Sourced under `set -euo pipefail`, in the folder that holds cuda/.
#
# `begin` reads the options that both have: it sets `out`, the folder for everything, and `rehearse`. Then come `build`, parts, `finish`.
# A part is one step or several. What a step leaves in `out`: NAME.log, and a line of steps.tsv; facts are lines of facts.tsv (see
# bench/report.py).

die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# begin DEFAULT_OUT "PART..." ARGUMENT...
begin() {
    local parts=" $2 " part
    out=$1 rehearse=false only=$2
    shift 2
    while (($#)); do
        case $1 in
            --out) [[ -n ${2:-} ]] || die "--out needs a folder"; out=$(cd "$OLDPWD" && readlink -m "$2"); shift 2 ;;
            --rehearse) rehearse=true; shift ;;
            --only)
                [[ -n ${2:-} ]] || die "--only needs some of:$parts"
                only=${2//,/ }
                for part in $only; do [[ $parts == *" $part "* ]] || die "--only: '$part' is none of:$parts"; done
                shift 2
                ;;
            --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$self"; exit 0 ;;
            *) die "unknown argument '$1' (--help shows what there is)" ;;
        esac
    done

    command -v python3 > /dev/null || die "no python3, which writes the report (Debian, Ubuntu: apt install python3)"
    nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
    sanitizer=${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")}
    if $rehearse; then
        cases=native/build/maskleap_cases_emulated bench=native/build/maskleap_cuda_bench_emulated
        export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
    else
        cases=native/build/maskleap_cases bench=native/build/maskleap_cuda_bench
        command -v "$nvcc" > /dev/null || die "no CUDA compiler '$nvcc'; set NVCC, or try --rehearse"
        command -v nvidia-smi > /dev/null || die "no nvidia-smi, so no NVIDIA driver; without a GPU there is --rehearse"
    fi

    ! $rehearse || total_limit=1800 build_limit=900  # on few cores, perhaps

    mkdir -p "$out"
    rm -f "$out"/*.{tsv,log,json,jsonl,txt}
    fact kind "$($rehearse && echo "a rehearsal without a GPU" || echo "on a GPU")"
    fact date "$(date -u '+%Y-%m-%d %H:%M UTC')"
    fact commit "${MASKLEAP_COMMIT:-$(git describe --always --dirty 2> /dev/null || echo unknown)}"
    fact compiler "$("${CXX:-g++}" --version | head -n 1)"
    if ! $rehearse; then
        fact card "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | head -n 1)"
        fact nvcc "$("$nvcc" --version | grep release)"
    fi
}

# finish REPORT.py: writes and shows the report; the exit status is 1 where a step has failed.
finish() {
    fact seconds "$SECONDS"
    echo
    python3 "$1" "$out"
}

fact() { printf '%s\t%s\n' "$1" "$2" >> "$out/facts.tsv"; }

# record NAME SECONDS RESULT WORDS: RESULT is ok, FAILED, or left out
record() {
    printf '%s\t%s\t%s\t%s\n' "$@" >> "$out/steps.tsv"
    printf '%-24s %4s s  %-9s %s\n' "$@"
}

# within LIMIT: sets `limit` to LIMIT seconds, or to what is left of the time for all; false where that is nothing.
within() {
    limit=$((total_limit - SECONDS < $1 ? total_limit - SECONDS : $1))
    ((limit > 0))
}

# step NAME SECONDS COMMAND...: a command that takes at most so long; its output goes to NAME.log, whose last line is recorded.
# False where it failed.
step() {
    local name=$1 limit start=$SECONDS result=ok words
    if ! within "$2"; then
        record "$name" 0 FAILED "not begun: $total_limit s were over"
        return 1
    fi
    shift 2
    timeout --kill-after 10 "$limit" "$@" > "$out/$name.log" 2>&1 || result=FAILED
    words=$(tail -n 1 "$out/$name.log")
    ((SECONDS - start < limit)) || words="not done after $limit s: $words"
    record "$name" $((SECONDS - start)) "$result" "${words//$'\t'/ }"
    [[ $result == ok ]]
}

# step_into FILE NAME SECONDS COMMAND...: as step, with standard output in FILE of the folder.
step_into() {
    local file=$1
    shift
    step "$1" "$2" bash -c '"${@:2}" > "$1"' bash "$out/$file" "${@:3}"
}

# wanted PART...: whether one of these is to be done.
wanted() {
    local part
    for part in "$@"; do
        if [[ " $only " == *" $part "* ]]; then return 0; fi
    done
    return 1
}

# part NAME COMMAND...: a part, where it is wanted.
part() { ! wanted "$1" || "${@:2}"; }

# ---- parts that need no Java ----

build_limit=300

# What the parts need. Ends all where it cannot be built.
build() {
    local programs=()
    $rehearse || programs+=(cuda)
    ! wanted cases sanitizers || programs+=("$($rehearse && echo cases-emulated || echo cases-cuda)")
    ! wanted bench || programs+=("$($rehearse && echo bench || echo bench-cuda)")
    ((${#programs[@]})) || return 0
    step build $build_limit ./build-native.sh "${programs[@]}" || die "the build failed: see $out/build.log"
    cp native/build/cuda/registers.txt "$out" 2> /dev/null || true
}

# What uses Hopper's own instructions runs by itself, single instructions first: a fault or a hang there spoils nothing else.
run_cases() {
    step cases 120 "$cases" --without sm90 --json "$out/cases.json" || true
    step cases-ptx-sm90 30 "$cases" --filter ptx_sm90 --json "$out/cases-ptx-sm90.json" || true
    step cases-attention-sm90 60 "$cases" --filter attention_sm90 --json "$out/cases-attention-sm90.json" || true
}

sanitizer_limit=200

# sanitize TOOL NAME CASES...: cases of small shapes under a tool of compute-sanitizer.
sanitize() {
    local tool=$1 name=$1$2 limit start=$SECONDS result=FAILED words options=()
    shift 2
    if ! within $sanitizer_limit; then
        record "$name" 0 FAILED "not begun: $total_limit s were over"
        return
    fi
    # What a case has not written and a kernel reads: so nothing is filled beforehand, and the cases' own verdict means nothing.
    [[ $tool != initcheck ]] || options=(--unfilled)
    timeout --kill-after 10 "$limit" "$sanitizer" --tool "$tool" --print-limit 1000000 "$cases" --small "${options[@]}" "$@" \
        > "$out/$name.log" 2>&1 || true
    words=$(sed -n 's/^=* *\(.*SUMMARY.*\)/\1/p' "$out/$name.log" | tail -n 1)
    if [[ $tool == initcheck && -n $words ]]; then
        words="$(grep -c 'Uninitialized __global__ memory read' "$out/$name.log" || true) uninitialised reads by kernels"
    fi
    case $words in
        "ERROR SUMMARY: 0 errors" | "RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)" | "0 uninitialised reads by kernels") result=ok ;;
        "") words="no summary: $(tail -n 1 "$out/$name.log")" ;;
    esac
    record "$name" $((SECONDS - start)) "$result" "${words//$'\t'/ }"
}

run_sanitizers() {
    if $rehearse; then
        record sanitizers 0 "left out" "the emulated cases run under AddressSanitizer and UBSan"
        return
    fi
    local tool
    for tool in memcheck racecheck initcheck synccheck; do  # most of their work is the processor's, so all at once
        sanitize "$tool" "" --without sm90 &
        sanitize "$tool" -sm90 --filter sm90 &
    done
    wait
}

time_kernels() {
    step_into bench.jsonl bench 90 "$bench" --without sm90 || true
    step_into bench-sm90.jsonl bench-sm90 30 "$bench" --only sm90 || true
}

# True where python3 has PyTorch; else step $1 is left out.
have_torch() {
    python3 -c "import torch" 2> /dev/null || {
        record "$1" 0 "left out" "python3 has no PyTorch"
        false
    }
}

time_peers() {
    have_torch peers || return 0
    cat "$out"/bench*.jsonl > "$out/shapes.log" || die "peers are timed at the shapes of bench, which was left out"
    step_into peers.jsonl peers 170 python3 cuda/bench/peers.py "$out/shapes.log" || true
}
