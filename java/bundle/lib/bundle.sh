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

# Sets `checkout`.
find_checkout() {
    checkout=${MASKLEAP_CHECKOUT:-}
    [[ -z $checkout ]] || return 0
    local folder=$bundle
    while [[ -n $folder ]]; do
        folder=${folder%/*}
        if [[ -f $folder/java/demo/src/main/resources/io/maskleap/demo/model.json ]]; then
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
