# level.sh: the instruction sets that the CPU kernels are compiled for, and the best that this processor has. build-native.sh and
# maskleap source it; native/supported.cpp asks the processor the same when a library is loaded.

# levels_of ARCHITECTURE: the names of its levels, the least first.
levels_of() {
    case $1 in
        x86_64 | amd64) echo x86-64 x86-64-v3 x86-64-v4 x86-64-v4-bf16 ;;
        *) echo portable ;;
    esac
}

# The best level that this processor has. /proc/cpuinfo leaves out what the system does not let programs use.
processor_level() {
    local line flags=" " level=x86-64
    [[ $(levels_of "$HOSTTYPE") != portable ]] || { echo portable; return; }
    while IFS= read -r line; do
        [[ $line != flags* ]] || { flags=" ${line#*:} "; break; }
    done < <(cat /proc/cpuinfo 2> /dev/null)
    if has_flags avx2 fma bmi1 bmi2; then
        level=x86-64-v3
        if has_flags avx512f avx512bw avx512cd avx512dq avx512vl; then
            level=x86-64-v4
            if has_flags avx512_bf16; then level=x86-64-v4-bf16; fi
        fi
    fi
    echo "$level"
}

# has_flags FLAG...: whether all of them stand in the caller's `flags`.
has_flags() {
    local flag
    for flag in "$@"; do [[ $flags == *" $flag "* ]] || return 1; done
}
