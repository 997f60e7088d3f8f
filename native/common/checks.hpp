/* checks.hpp: the preconditions that every library can check before it starts: sizes, null pointers, dtypes, aliasing. One
 * function per operation, with the operation's arguments but the stream. Nothing here reads device memory: what lies there
 * (offsets, counts, ids, the step) the CPU library checks on its own, and the CUDA kernels guard against.
 */
#pragma once

#include <cmath>

#include "status.hpp"

namespace leap::checks {

/* LEAP_OK where no size is negative. */
inline leap_status sizes(const char* operation, const char* a_name, int64_t a, const char* b_name, int64_t b) {
    LEAP_REQUIRE(a >= 0 && b >= 0, LEAP_BAD_ARGUMENT, "%s: %s=%lld and %s=%lld must not be negative", operation, a_name,
                 (long long)a, b_name, (long long)b);
    return LEAP_OK;
}

/* ---- attention ---------------------------------------------------------------------------------------------- */

inline constexpr int MAX_HEAD_DIM = 128;

/* Both attentions; `name` is the operation's. */
inline leap_status attention(const char* name, const leap_attention_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "%s: the parameters are null", name);
    LEAP_TRY(require_dtype(name, "dtype", p->dtype));
    LEAP_REQUIRE(p->sequences >= 0, LEAP_BAD_ARGUMENT, "%s: sequences=%d is negative", name, p->sequences);
    LEAP_REQUIRE(p->head_dim >= 1 && p->head_dim <= MAX_HEAD_DIM, LEAP_BAD_SHAPE,
                 "%s: head_dim=%d is not supported (1 to %d)", name, p->head_dim, MAX_HEAD_DIM);
    LEAP_REQUIRE(p->heads >= 1 && p->kv_heads >= 1 && p->heads % p->kv_heads == 0, LEAP_BAD_SHAPE,
                 "%s: heads=%d must be a positive multiple of kv_heads=%d", name, p->heads, p->kv_heads);
    const int64_t row = int64_t(p->heads) * p->head_dim;
    const int64_t kv_row = int64_t(p->kv_heads) * p->head_dim;
    LEAP_REQUIRE(p->q_stride >= row && p->out_stride >= row, LEAP_BAD_SHAPE,
                 "%s: q_stride=%lld and out_stride=%lld must be at least heads * head_dim = %lld", name,
                 (long long)p->q_stride, (long long)p->out_stride, (long long)row);
    LEAP_REQUIRE(p->k_stride >= kv_row && p->v_stride >= kv_row, LEAP_BAD_SHAPE,
                 "%s: k_stride=%lld and v_stride=%lld must be at least kv_heads * head_dim = %lld", name,
                 (long long)p->k_stride, (long long)p->v_stride, (long long)kv_row);
    LEAP_REQUIRE(p->max_queries >= 0 && p->max_keys >= 0, LEAP_BAD_ARGUMENT,
                 "%s: max_queries=%d and max_keys=%d must not be negative", name, p->max_queries, p->max_keys);
    LEAP_TRY(sizes(name, "q_rows", p->q_rows, "k_rows", p->k_rows));
    if (p->sequences == 0) return LEAP_OK;
    LEAP_REQUIRE(p->q_offsets && p->k_offsets && p->k_counts, LEAP_BAD_ARGUMENT,
                 "%s: q_offsets, k_offsets and k_counts must not be null", name);
    if (p->max_queries == 0 || p->q_rows == 0) return LEAP_OK;
    LEAP_REQUIRE(p->q && p->out, LEAP_BAD_ARGUMENT, "%s: q and out must not be null", name);
    LEAP_REQUIRE(p->max_keys == 0 || p->k_rows == 0 || (p->k && p->v), LEAP_BAD_ARGUMENT, "%s: k and v must not be null",
                 name);
    LEAP_REQUIRE(p->out != p->q && p->out != p->k && p->out != p->v, LEAP_BAD_ARGUMENT,
                 "%s: out must not alias q, k or v", name);
    return LEAP_OK;
}

inline leap_status softmax_rows(leap_dtype dtype, const void* x, int64_t rows, int64_t columns) {
    LEAP_TRY(require_dtype("softmax_rows", "dtype", dtype));
    LEAP_TRY(sizes("softmax_rows", "rows", rows, "columns", columns));
    LEAP_REQUIRE(rows == 0 || columns == 0 || x, LEAP_BAD_ARGUMENT, "softmax_rows: x must not be null");
    return LEAP_OK;
}

/* ---- norms, activations, modulation ---------------------------------------------------------------------------- */

inline leap_status add_norm(const char* name, const leap_add_norm_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "%s: the parameters are null", name);
    LEAP_TRY(require_dtype(name, "residual_dtype", p->residual_dtype));
    if (p->delta) LEAP_TRY(require_dtype(name, "delta_dtype", p->delta_dtype));
    LEAP_TRY(require_dtype(name, "y_dtype", p->y_dtype));
    LEAP_TRY(sizes(name, "rows", p->rows, "C", p->C));
    LEAP_REQUIRE(p->eps >= 0, LEAP_BAD_ARGUMENT, "%s: eps=%g is negative", name, p->eps);
    return LEAP_OK;
}

/* What the norms want of aliases. */
inline leap_status add_norm_aliases(const char* name, const leap_add_norm_params* p) {
    LEAP_REQUIRE(p->delta == nullptr || p->y != p->residual, LEAP_BAD_ARGUMENT,
                 "%s: y must not alias residual where there is a delta", name);
    LEAP_REQUIRE(p->y != p->residual || p->y_dtype == p->residual_dtype, LEAP_BAD_ARGUMENT,
                 "%s: y aliases residual, so y_dtype=%d must be residual_dtype=%d", name, p->y_dtype, p->residual_dtype);
    LEAP_REQUIRE(p->delta == nullptr || p->y != p->delta || p->y_dtype == p->delta_dtype, LEAP_BAD_ARGUMENT,
                 "%s: y aliases delta, so y_dtype=%d must be delta_dtype=%d", name, p->y_dtype, p->delta_dtype);
    return LEAP_OK;
}

inline leap_status add_layer_norm(const leap_add_norm_params* p) {
    LEAP_TRY(add_norm("add_layer_norm", p));
    LEAP_REQUIRE(p->residual_dtype == LEAP_F32, LEAP_BAD_DTYPE, "add_layer_norm: residual_dtype=%d must be float32 (0)",
                 p->residual_dtype);
    if (p->rows == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->residual && p->gamma && p->beta && p->y, LEAP_BAD_ARGUMENT,
                 "add_layer_norm: residual, gamma, beta and y must not be null");
    return add_norm_aliases("add_layer_norm", p);
}

inline leap_status add_rms_norm(const leap_add_norm_params* p) {
    LEAP_TRY(add_norm("add_rms_norm", p));
    LEAP_REQUIRE(p->beta == nullptr, LEAP_BAD_ARGUMENT, "add_rms_norm: beta must be null: this norm has no shift");
    if (p->rows == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->residual && p->gamma && p->y, LEAP_BAD_ARGUMENT,
                 "add_rms_norm: residual, gamma and y must not be null");
    return add_norm_aliases("add_rms_norm", p);
}

inline leap_status add(leap_dtype dtype, const void* x, const float* y, int64_t n) {
    LEAP_TRY(require_dtype("add", "dtype", dtype));
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "add: n=%lld must not be negative", (long long)n);
    LEAP_REQUIRE(n == 0 || (x && y), LEAP_BAD_ARGUMENT, "add: x and y must not be null");
    return LEAP_OK;
}

inline leap_status convert(leap_dtype x_dtype, const void* x, leap_dtype y_dtype, const void* y, int64_t n) {
    LEAP_TRY(require_dtype("convert", "x_dtype", x_dtype));
    LEAP_TRY(require_dtype("convert", "y_dtype", y_dtype));
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "convert: n=%lld must not be negative", (long long)n);
    LEAP_REQUIRE(n == 0 || (x && y), LEAP_BAD_ARGUMENT, "convert: x and y must not be null");
    LEAP_REQUIRE(n == 0 || x != y, LEAP_BAD_ARGUMENT, "convert: y must not alias x");
    return LEAP_OK;
}

inline leap_status activation(leap_dtype dtype, int32_t activation, const void* x, const void* y, int64_t rows, int64_t C) {
    LEAP_TRY(require_dtype("activation", "dtype", dtype));
    LEAP_REQUIRE(activation == LEAP_GELU_ERF || activation == LEAP_SILU || activation == LEAP_IDENTITY, LEAP_BAD_ARGUMENT,
                 "activation: activation=%d is not GELU (0), SiLU (1) or the identity (2)", activation);
    LEAP_TRY(sizes("activation", "rows", rows, "C", C));
    LEAP_REQUIRE(rows == 0 || C == 0 || (x && y), LEAP_BAD_ARGUMENT, "activation: x and y must not be null");
    return LEAP_OK;
}

inline leap_status swiglu(leap_dtype dtype, const void* gate, const void* up, int64_t stride, const void* y, int64_t rows,
                          int64_t C) {
    LEAP_TRY(require_dtype("swiglu", "dtype", dtype));
    LEAP_TRY(sizes("swiglu", "rows", rows, "C", C));
    LEAP_REQUIRE(stride >= C, LEAP_BAD_SHAPE, "swiglu: stride=%lld must be at least C=%lld", (long long)stride, (long long)C);
    if (rows == 0 || C == 0) return LEAP_OK;
    LEAP_REQUIRE(gate && up && y, LEAP_BAD_ARGUMENT, "swiglu: gate, up and y must not be null");
    LEAP_REQUIRE(stride == C || (y != gate && y != up), LEAP_BAD_ARGUMENT,
                 "swiglu: y must not alias gate or up whose rows are stride=%lld apart, not C=%lld", (long long)stride,
                 (long long)C);
    return LEAP_OK;
}

inline leap_status rope(const leap_rope_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "rope: the parameters are null");
    LEAP_TRY(require_dtype("rope", "dtype", p->dtype));
    LEAP_REQUIRE(p->rows >= 0, LEAP_BAD_ARGUMENT, "rope: rows=%lld is negative", (long long)p->rows);
    LEAP_REQUIRE(p->heads >= 1, LEAP_BAD_SHAPE, "rope: heads=%d must be at least 1", p->heads);
    LEAP_REQUIRE(p->head_dim >= 2 && p->head_dim % 2 == 0, LEAP_BAD_SHAPE, "rope: head_dim=%d must be even and positive",
                 p->head_dim);
    const int64_t row = int64_t(p->heads) * p->head_dim;
    LEAP_REQUIRE(p->stride >= row, LEAP_BAD_SHAPE, "rope: stride=%lld must be at least heads * head_dim = %lld",
                 (long long)p->stride, (long long)row);
    LEAP_REQUIRE(p->rows == 0 || (p->x && p->positions && p->frequencies), LEAP_BAD_ARGUMENT,
                 "rope: x, positions and frequencies must not be null");
    return LEAP_OK;
}

inline leap_status time_embedding(const float* mask_ratio, int64_t n, const float* out, int64_t half) {
    LEAP_TRY(sizes("time_embedding", "n", n, "half", half));
    LEAP_REQUIRE(n == 0 || half == 0 || (mask_ratio && out), LEAP_BAD_ARGUMENT,
                 "time_embedding: mask_ratio and out must not be null");
    return LEAP_OK;
}

inline leap_status modulate(const float* x, const float* modulation, const void* y, leap_dtype y_dtype, int64_t rows,
                            int64_t C, int64_t rows_per_modulation) {
    LEAP_TRY(require_dtype("modulate", "y_dtype", y_dtype));
    LEAP_TRY(sizes("modulate", "rows", rows, "C", C));
    LEAP_REQUIRE(rows_per_modulation >= 1, LEAP_BAD_ARGUMENT, "modulate: rows_per_modulation=%lld must be at least 1",
                 (long long)rows_per_modulation);
    if (rows == 0 || C == 0) return LEAP_OK;
    LEAP_REQUIRE(x && modulation && y, LEAP_BAD_ARGUMENT, "modulate: x, modulation and y must not be null");
    LEAP_REQUIRE(y != x || y_dtype == LEAP_F32, LEAP_BAD_ARGUMENT, "modulate: y aliases x, so y_dtype=%d must be float32 (0)",
                 y_dtype);
    return LEAP_OK;
}

/* ---- tokens to rows and back ------------------------------------------------------------------------------------- */

inline leap_status embed(const leap_embed_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "embed: the parameters are null");
    LEAP_TRY(require_dtype("embed", "table_dtype", p->table_dtype));
    LEAP_TRY(require_dtype("embed", "out_dtype", p->out_dtype));
    LEAP_REQUIRE(p->sequences >= 0 && p->capacity >= 0 && p->C >= 0, LEAP_BAD_ARGUMENT,
                 "embed: sequences=%lld, capacity=%lld and C=%lld must not be negative", (long long)p->sequences,
                 (long long)p->capacity, (long long)p->C);
    LEAP_REQUIRE(p->ids_stride >= 0, LEAP_BAD_ARGUMENT, "embed: ids_stride=%lld is negative", (long long)p->ids_stride);
    if (p->sequences == 0 || p->capacity == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->ids && p->token_table && p->out, LEAP_BAD_ARGUMENT,
                 "embed: ids, token_table and out must not be null");
    LEAP_REQUIRE(!p->position_table || p->positions || p->counts || p->capacity <= p->positions_in_table, LEAP_BAD_ARGUMENT,
                 "embed: capacity=%lld rows have no position in the table of %lld positions", (long long)p->capacity,
                 (long long)p->positions_in_table);
    return LEAP_OK;
}

/* The sizes of one sampling step. */
inline leap_status step_sizes(const char* name, const leap_step* step, int64_t images, int64_t sequences_per_image, int64_t tokens) {
    LEAP_TRY(sizes(name, "images", images, "tokens", tokens));
    LEAP_REQUIRE(sequences_per_image == 1 || sequences_per_image == 2, LEAP_BAD_ARGUMENT, "%s: sequences_per_image=%lld must be 1 or 2", name, (long long)sequences_per_image);
    LEAP_REQUIRE(images == 0 || step, LEAP_BAD_ARGUMENT, "%s: step must not be null", name);
    return LEAP_OK;
}

inline leap_status gather_rows(const leap_gather_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "gather_rows: the parameters are null");
    LEAP_TRY(require_dtype("gather_rows", "dtype", p->dtype));
    LEAP_TRY(sizes("gather_rows", "C", p->C, "row_capacity", p->row_capacity));
    LEAP_TRY(step_sizes("gather_rows", p->step, p->images, p->sequences_per_image, p->tokens));
    if (p->images == 0 || p->tokens == 0 || p->row_capacity == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->x && p->row_offsets && p->positions && p->out, LEAP_BAD_ARGUMENT,
                 "gather_rows: x, row_offsets, positions and out must not be null");
    return LEAP_OK;
}

/* ---- sampling -------------------------------------------------------------------------------------------------------- */

inline leap_status philox_uniform(const float* out, int64_t n) {
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "philox_uniform: n=%lld is negative", (long long)n);
    LEAP_REQUIRE(n == 0 || out, LEAP_BAD_ARGUMENT, "philox_uniform: out must not be null");
    return LEAP_OK;
}

inline leap_status sample(const leap_sample_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "sample: the parameters are null");
    LEAP_TRY(require_dtype("sample", "logits_dtype", p->logits_dtype));
    LEAP_REQUIRE(p->draw >= LEAP_DRAW_INVERSE_CDF && p->draw <= LEAP_DRAW_ARGMAX, LEAP_BAD_ARGUMENT,
                 "sample: draw=%d is not inverse CDF (0), Gumbel-max (1) or argmax (2)", p->draw);
    if (p->draw == LEAP_DRAW_GUMBEL_MAX) LEAP_TRY(require_dtype("sample", "noise_dtype", p->noise_dtype));
    LEAP_REQUIRE(p->V >= 1 && p->V <= INT32_MAX, LEAP_BAD_SHAPE, "sample: V=%lld is not in 1 .. %d", (long long)p->V,
                 INT32_MAX);
    LEAP_REQUIRE(p->row_capacity >= 0, LEAP_BAD_ARGUMENT, "sample: row_capacity=%lld is negative",
                 (long long)p->row_capacity);
    LEAP_TRY(step_sizes("sample", p->step, p->images, p->sequences_per_image, p->tokens));
    LEAP_REQUIRE(!p->bias || p->bias_stride >= 0, LEAP_BAD_ARGUMENT, "sample: bias_stride=%lld is negative",
                 (long long)p->bias_stride);
    if (p->images == 0 || p->tokens == 0 || p->row_capacity == 0) return LEAP_OK;
    LEAP_REQUIRE(p->logits && p->positions && p->sampled && p->confidence, LEAP_BAD_ARGUMENT,
                 "sample: logits, positions, sampled and confidence must not be null");
    LEAP_REQUIRE(p->seeds || p->u_draw || p->draw == LEAP_DRAW_ARGMAX, LEAP_BAD_ARGUMENT,
                 "sample: seeds must not be null unless all uniforms are recorded");
    return LEAP_OK;
}

inline leap_status select(const leap_select_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "select: the parameters are null");
    LEAP_TRY(step_sizes("select", p->step, p->images, p->sequences_per_image, p->tokens));
    if (p->images == 0) return LEAP_OK;
    LEAP_REQUIRE(p->new_counts, LEAP_BAD_ARGUMENT, "select: new_counts must not be null");
    if (p->tokens == 0) return LEAP_OK;
    LEAP_REQUIRE(p->sampled && p->confidence && p->positions && p->codes && p->new_codes && p->new_positions,
                 LEAP_BAD_ARGUMENT,
                 "select: sampled, confidence, positions, codes, new_codes and new_positions must not be null");
    LEAP_REQUIRE(!p->ids || p->id_offsets, LEAP_BAD_ARGUMENT, "select: id_offsets must not be null where ids is given");
    return LEAP_OK;
}

/* ---- the image decoder --------------------------------------------------------------------------------------------- */

inline leap_status group_norm(const leap_group_norm_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "group_norm: the parameters are null");
    LEAP_TRY(require_dtype("group_norm", "dtype", p->dtype));
    LEAP_REQUIRE(p->N >= 0 && p->pixels >= 0 && p->C >= 0, LEAP_BAD_ARGUMENT,
                 "group_norm: N=%lld, pixels=%lld and C=%lld must not be negative", (long long)p->N, (long long)p->pixels,
                 (long long)p->C);
    LEAP_REQUIRE(p->groups >= 1 && p->C % p->groups == 0, LEAP_BAD_SHAPE,
                 "group_norm: C=%lld is not a multiple of groups=%lld", (long long)p->C, (long long)p->groups);
    LEAP_REQUIRE(p->eps >= 0, LEAP_BAD_ARGUMENT, "group_norm: eps=%g is negative", p->eps);
    LEAP_REQUIRE(p->N == 0 || p->pixels == 0 || p->C == 0 || (p->x && p->gamma && p->beta && p->y), LEAP_BAD_ARGUMENT,
                 "group_norm: x, gamma, beta and y must not be null");
    return LEAP_OK;
}

inline leap_status upsample_nearest_2x(leap_dtype dtype, const void* x, const void* y, int64_t N, int64_t h, int64_t w,
                                       int64_t C) {
    LEAP_TRY(require_dtype("upsample_nearest_2x", "dtype", dtype));
    LEAP_REQUIRE(N >= 0 && h >= 0 && w >= 0 && C >= 0, LEAP_BAD_ARGUMENT,
                 "upsample_nearest_2x: N=%lld, h=%lld, w=%lld and C=%lld must not be negative", (long long)N, (long long)h,
                 (long long)w, (long long)C);
    if (N == 0 || h == 0 || w == 0 || C == 0) return LEAP_OK;
    LEAP_REQUIRE(x && y, LEAP_BAD_ARGUMENT, "upsample_nearest_2x: x and y must not be null");
    LEAP_REQUIRE(x != y, LEAP_BAD_ARGUMENT, "upsample_nearest_2x: y must not alias x");
    return LEAP_OK;
}

inline leap_status to_rgb(leap_dtype dtype, const void* x, const uint8_t* rgb, int64_t n, float low, float high) {
    LEAP_TRY(require_dtype("to_rgb", "dtype", dtype));
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "to_rgb: n=%lld is negative", (long long)n);
    LEAP_REQUIRE(std::isfinite(low) && std::isfinite(high - low) && low < high, LEAP_BAD_ARGUMENT,
                 "to_rgb: low=%g must be less than high=%g, both finite", low, high);
    LEAP_REQUIRE(n == 0 || (x && rgb), LEAP_BAD_ARGUMENT, "to_rgb: x and rgb must not be null");
    return LEAP_OK;
}

}  // namespace leap::checks
