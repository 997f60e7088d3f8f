/* attention_float32.cu: attention and cross-attention in float32, for verification: plain multiply-adds, no tensor cores.
 *
 * What      out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h']) v[j][h'],  h' = h / (heads / kv_heads)
 *           q[t][h][d] = q[t * q_stride + h * head_dim + d], and so k, v, out
 * Layouts   packed rows of all sequences; float32 throughout
 * A block   takes BLOCK_M queries of one head and goes over the keys, BLOCK_N at a time, in shared memory
 * A thread  takes one query with three neighbours (QUARTERS): every fourth key's score, then every fourth column of out. All four
 *           keep the query's running maximum and sum, each for itself
 * Wants     head_dim 1 .. 128; any number of queries and keys; out aliases nothing; no keys: out is 0
 * Source    Vaswani et al. 2017, eq. 1; Milakov and Gimelshein 2018, algorithm 3
 */
#include "attention_float32.hpp"

#include "attention_sequence.cuh"
#include "checks.hpp"

namespace leap::attention {
namespace {

constexpr int BLOCK_M = 32;
constexpr int BLOCK_N = 64;
constexpr int QUARTERS = 4;
constexpr int THREADS = BLOCK_M * QUARTERS;
constexpr int KEYS_PER_THREAD = BLOCK_N / QUARTERS;
constexpr int COLUMNS_PER_THREAD = checks::MAX_HEAD_DIM / QUARTERS;

/* An odd number of floats from row to row: threads that walk down a column meet different banks. */
__host__ __device__ constexpr int padded(int columns) { return columns | 1; }

constexpr std::size_t shared_bytes(int head_dim) {
    return sizeof(float) * std::size_t((BLOCK_M + 2 * BLOCK_N) * padded(head_dim) + BLOCK_M * padded(BLOCK_N));
}

/* to[row] = from[row * stride ..] for `rows` of BLOCK rows, 0 for the others. */
template <int BLOCK>
__device__ void load_rows(const float* from, int64_t stride, int rows, int head_dim, float* to) {
    for (int i = int(threadIdx.x); i < BLOCK * head_dim; i += THREADS) {
        const int row = i / head_dim, d = i % head_dim;
        to[row * padded(head_dim) + d] = row < rows ? from[row * stride + d] : 0.0f;
    }
}

__global__ void __launch_bounds__(THREADS) attention_float32_kernel(leap_attention_params p) {
    const Sequence sequence(p, int(blockIdx.z));
    const int first = int(blockIdx.x) * BLOCK_M;
    if (first >= sequence.queries) return;
    const int D = p.head_dim, stride = padded(D);
    LEAP_DYNAMIC_SHARED(memory);
    float* queries = reinterpret_cast<float*>(memory);  // (BLOCK_M, head_dim)
    float* keys = queries + BLOCK_M * stride;           // (BLOCK_N, head_dim)
    float* values = keys + BLOCK_N * stride;            // (BLOCK_N, head_dim)
    float* weights = values + BLOCK_N * stride;         // (BLOCK_M, BLOCK_N): scores, then their exponentials

    const int h = int(blockIdx.y), kv_h = h / (p.heads / p.kv_heads);
    const int rows = sequence.queries - first < BLOCK_M ? sequence.queries - first : BLOCK_M;
    const int64_t first_row = sequence.first_query + first;
    load_rows<BLOCK_M>(static_cast<const float*>(p.q) + first_row * p.q_stride + int64_t(h) * D, p.q_stride, rows, D, queries);

    const int query = int(threadIdx.x) / QUARTERS, quarter = int(threadIdx.x) % QUARTERS;
    const float* own_query = queries + query * stride;
    float* own_weights = weights + query * padded(BLOCK_N);
    float maximum = -INFINITY, sum = 0;
    float out[COLUMNS_PER_THREAD] = {};
    for (int start = 0; start < sequence.keys; start += BLOCK_N) {
        const int count = sequence.keys - start < BLOCK_N ? sequence.keys - start : BLOCK_N;
        const int64_t key_row = sequence.first_key + start, column = int64_t(kv_h) * D;
        __syncthreads();  // the block before has been used
        load_rows<BLOCK_N>(static_cast<const float*>(p.k) + key_row * p.k_stride + column, p.k_stride, count, D, keys);
        load_rows<BLOCK_N>(static_cast<const float*>(p.v) + key_row * p.v_stride + column, p.v_stride, count, D, values);
        __syncthreads();

        float scores[KEYS_PER_THREAD] = {};
        for (int d = 0; d < D; ++d) {
            const float q = own_query[d];
#pragma unroll
            for (int i = 0; i < KEYS_PER_THREAD; ++i) scores[i] += q * keys[(quarter + QUARTERS * i) * stride + d];
        }
#pragma unroll
        for (int i = 0; i < KEYS_PER_THREAD; ++i) {
            scores[i] *= p.scale;
            own_weights[quarter + QUARTERS * i] = scores[i];
        }
        __syncthreads();

        float new_maximum = maximum;
        for (int j = 0; j < count; ++j) new_maximum = Max{}(new_maximum, own_weights[j]);
        const float correction = maximum == -INFINITY ? 0.0f : expf(maximum - new_maximum);
        maximum = new_maximum;
        __syncthreads();  // every quarter has read all scores
#pragma unroll
        for (int i = 0; i < KEYS_PER_THREAD; ++i) own_weights[quarter + QUARTERS * i] = expf(scores[i] - maximum);
        __syncthreads();

        sum *= correction;
#pragma unroll
        for (int i = 0; i < COLUMNS_PER_THREAD; ++i) out[i] *= correction;
        for (int j = 0; j < count; ++j) {
            const float weight = own_weights[j];
            const float* value = values + j * stride + quarter;
            sum += weight;
#pragma unroll
            for (int i = 0; i < COLUMNS_PER_THREAD; ++i)
                if (quarter + QUARTERS * i < D) out[i] += weight * value[QUARTERS * i];
        }
    }
    if (query >= rows) return;
    const float inverse = sequence.keys == 0 ? 0.0f : 1.0f / sum;
    float* to = static_cast<float*>(p.out) + (first_row + query) * p.out_stride + int64_t(h) * D + quarter;
#pragma unroll
    for (int i = 0; i < COLUMNS_PER_THREAD; ++i)
        if (quarter + QUARTERS * i < D) to[QUARTERS * i] = out[i] * inverse;
}

}  // namespace

leap_status float32(leap_stream stream, const leap_attention_params& p) {
    return launch<attention_float32_kernel>({stream, grid(p, BLOCK_M), {THREADS}, shared_bytes(p.head_dim)}, p);
}

}  // namespace leap::attention
