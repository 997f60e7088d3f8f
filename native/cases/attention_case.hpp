/* attention_case.hpp: one call of attention or cross-attention, its reference, and a plain implementation in the same dtype. */
#pragma once

#include "case.hpp"

namespace leap::cases {

using AttentionFunction = leap_status (*)(leap_stream, const leap_attention_params*);

/* A ragged batch with random contents. */
template <class T>
struct AttentionCase {
    int heads = 2, kv_heads = 2, head_dim = 16;
    std::vector<int> queries, keys;      // of each sequence
    double magnitude = 1;                // of q and k: large ones make peaky weights
    float scale = 0;                     // 0: 1 / sqrt(head_dim)
    int gap = 0;                         // rows between two sequences that belong to none
    int slack = 0;                       // by which max_queries and max_keys exceed the longest
    int padding = 0;                     // elements between rows
    int offset = 0;                      // elements by which the tensors miss their allocation's alignment
    bool shared_keys = false;            // all sequences look at the first one's keys
    double behind = NAN;                 // what lies in key and value rows that belong to no sequence

    /* Runs the function and compares every element of out, those outside the sequences included. */
    void check(AttentionFunction function) const {
        const int sequences = int(queries.size());
        std::vector<int32_t> q_offsets{0}, k_offsets, k_counts;
        int64_t key_rows = 0;
        int most_queries = 0, most_keys = 0;
        for (int s = 0; s < sequences; ++s) {
            // Queries are packed without gaps: where one sequence ends the next one starts.
            q_offsets.push_back(q_offsets.back() + queries[s]);
            k_offsets.push_back(shared_keys ? 0 : int32_t(key_rows));
            k_counts.push_back(keys[s]);
            if (!shared_keys || s == 0) key_rows += keys[s] + gap;
            most_queries = std::max(most_queries, queries[s]);
            most_keys = std::max(most_keys, keys[s]);
        }
        const int64_t query_rows = q_offsets.back() + gap;
        const int64_t q_stride = int64_t(heads) * head_dim + padding, k_stride = int64_t(kv_heads) * head_dim + padding;
        Random random;
        const auto q = random.normals<T>(query_rows * q_stride, magnitude);
        auto k = random.normals<T>(key_rows * k_stride, magnitude), v = random.normals<T>(key_rows * k_stride);
        fill_rows_of_nobody(k, k_offsets, k_counts, key_rows, k_stride);
        fill_rows_of_nobody(v, k_offsets, k_counts, key_rows, k_stride);

        Buffer<T> q_device(q, offset), k_device(k, offset), v_device(v, offset), out(query_rows * q_stride, offset);
        Buffer<int32_t> q_offsets_device(q_offsets), k_offsets_device(k_offsets), k_counts_device(k_counts);
        leap_attention_params p{};
        p.q = q_device.data(), p.k = k_device.data(), p.v = v_device.data(), p.out = out.data();
        p.q_stride = p.out_stride = q_stride, p.k_stride = p.v_stride = k_stride;
        p.q_offsets = q_offsets_device.data(), p.k_offsets = k_offsets_device.data(), p.k_counts = k_counts_device.data();
        p.q_rows = query_rows, p.k_rows = key_rows;
        p.sequences = sequences, p.heads = heads, p.kv_heads = kv_heads, p.head_dim = head_dim;
        p.max_queries = most_queries + slack, p.max_keys = most_keys + slack;
        p.scale = scale == 0 ? float(1 / std::sqrt(double(head_dim))) : scale;
        p.dtype = DTYPE<T>;
        expect_ok(function(stream(), &p));

        std::vector<double> reference(query_rows * q_stride, NAN), plain = reference;
        for (int s = 0; s < sequences; ++s)
#pragma omp parallel for  // where there is OpenMP: references of real sizes take billions of operations
            for (int i = 0; i < queries[s]; ++i)
                for (int h = 0; h < heads; ++h) {
                    const int64_t at = (q_offsets[s] + i) * q_stride + int64_t(h) * head_dim;
                    const int64_t from = k_offsets[s] * k_stride + int64_t(h / (heads / kv_heads)) * head_dim;
                    attend<double>(q.data() + at, k.data() + from, v.data() + from, k_stride, keys[s], p.scale, &reference[at]);
                    attend<float>(q.data() + at, k.data() + from, v.data() + from, k_stride, keys[s], p.scale, &plain[at]);
                }
        expect_close("out", out.read(), reference, plain);
    }

private:
    void fill_rows_of_nobody(std::vector<T>& x, const std::vector<int32_t>& offsets, const std::vector<int32_t>& counts,
                             int64_t rows, int64_t stride) const {
        std::vector<bool> used(rows);
        for (std::size_t s = 0; s < offsets.size(); ++s)
            for (int j = 0; j < counts[s]; ++j) used[offsets[s] + j] = true;
        for (int64_t row = 0; row < rows; ++row)
            if (!used[row]) std::fill_n(x.begin() + row * stride, stride, T(float(behind)));
    }

    /* One head of one query. With Real = double the truth; with float what a plain implementation computes that rounds weights
     * and result to T. */
    template <class Real>
    void attend(const T* q, const T* k, const T* v, int64_t stride, int count, float scale, double* out) const {
        constexpr bool PLAIN = std::is_same_v<Real, float>;
        std::vector<Real> weights(count);
        Real maximum = -INFINITY, sum = 0;
        for (int j = 0; j < count; ++j) {
            Real dot = 0;
            for (int d = 0; d < head_dim; ++d) dot += Real(to_double(q[d])) * Real(to_double(k[j * stride + d]));
            weights[j] = dot * Real(scale);
            maximum = std::max(maximum, weights[j]);
        }
        for (Real& weight : weights) {
            weight = std::exp(weight - maximum);
            sum += weight;
            if constexpr (PLAIN) weight = Real(rounded_to<T>(weight));
        }
        for (int d = 0; d < head_dim; ++d) {
            Real total = 0;
            for (int j = 0; j < count; ++j) total += weights[j] * Real(to_double(v[j * stride + d]));
            const Real result = count == 0 ? 0 : total / sum;
            out[d] = PLAIN ? rounded_to<T>(result) : double(result);
        }
    }
};

}  // namespace leap::cases
