# bundle.sh: for the scripts in bin/. Where things lie in this bundle, and what it takes from a checkout of Maskleap: the one that
# MASKLEAP_CHECKOUT names, else the one in which the bundle lies, if it does. MASKLEAP_CUDA_PATH may name the folders of CUDA's
# libraries, with colons between them.
#
#   bundle      the bundle's folder
#   java        its Java
#   checkout    the checkout, or nothing
#   resources   class path of the native libraries' jars
#   properties  what our Java is told: where the demo model and the CUDA kernels lie, as far as they are there

bundle=$(readlink -f "${BASH_SOURCE[0]%/*}/..")
java=$bundle/lib/java/bin/java

# Whether folder $1 is a checkout.
is_checkout() { [[ -f $1/java/demo/src/main/resources/io/maskleap/demo/model.json ]]; }

# Sets `checkout`.
find_checkout() {
    checkout=
    if [[ -n ${MASKLEAP_CHECKOUT:-} ]]; then
        if ! is_checkout "$MASKLEAP_CHECKOUT"; then
            echo "${0##*/}: MASKLEAP_CHECKOUT ($MASKLEAP_CHECKOUT) is no checkout of Maskleap: it has no java/demo with a model.json" >&2
            exit 2
        fi
        checkout=$(readlink -f "$MASKLEAP_CHECKOUT")
        return
    fi
    local folder=$bundle
    while [[ -n $folder ]]; do
        folder=${folder%/*}
        if is_checkout "$folder"; then
            checkout=$folder
            return
        fi
    done
}

find_checkout
properties=()
resources=$bundle/lib/resources/*
kernels=$bundle/native/build/libmaskleap_cuda.so
[[ ! -f $kernels ]] || properties+=("-Dmaskleap.cuda.kernels=$kernels")
[[ -z ${MASKLEAP_CUDA_PATH:-} ]] || properties+=("-Dmaskleap.cuda.path=$MASKLEAP_CUDA_PATH")
if [[ -n $checkout ]]; then
    properties+=("-Dmaskleap.demo=$checkout/java/demo/src/main/resources/io/maskleap/demo")
    for jar in "$checkout"/java/cli/target/maskleap/lib/resources/dnnl-*.jar; do  # for the CPU, where the checkout was built
        [[ ! -f $jar ]] || resources+=:$jar
    done
fi
