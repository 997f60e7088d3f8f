/* maskleap.h: the one C ABI of Maskleap's kernels.
 *
 * libmaskleap_cpu.so, libmaskleap_cuda.so and a researcher's own library implement all of it with the
 * same meaning; Java binds it once. What is a library's job elsewhere (matrix products, convolutions)
 * is not here.
 *
 * Conventions
 *   - Tensors are row-major. A shape (A, B, C) in a comment is in that order, the last index contiguous.
 *   - "device" pointers are in the memory of the library's device: host memory for the CPU.
 *   - Calls are asynchronous on `stream` for CUDA and done on return for the CPU (stream is NULL there).
 *   - Sums, means, variances and softmax statistics are float32 or wider, whatever the tensors' dtype.
 *   - Every call returns a leap_status; leap_last_error() then has a sentence for the calling thread.
 *   - No call allocates device memory, prints or exits.
 *   - On the CPU the result does not depend on the number of threads, bit for bit.
 *
 * Names: B images, S sequences (one or two per image: conditional, then unconditional), T tokens of a
 * sequence, C channels, H heads, V codebook size, `tokens` grid tokens of one image.
 */
#ifndef MASKLEAP_H
#define MASKLEAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEAP_ABI_VERSION 5

typedef int32_t leap_status;
enum {
    LEAP_OK = 0,
    LEAP_BAD_ARGUMENT = 1, /* a null pointer, a value out of its range, an id outside its table */
    LEAP_BAD_SHAPE = 2,    /* a size that this kernel does not take */
    LEAP_BAD_DTYPE = 3,    /* a dtype that this library does not have for this kernel */
    LEAP_OUT_OF_MEMORY = 4,
    LEAP_DEVICE_ERROR = 5
};

typedef int32_t leap_dtype;
enum { LEAP_F32 = 0, LEAP_BF16 = 1 };

typedef void* leap_stream;

/* ---- the library -------------------------------------------------------------------------------- */

/* LEAP_ABI_VERSION of the header that the library was built with. */
int32_t leap_abi_version(void);

/* sizeof the parameter struct with this number (LEAP_STRUCT_...), or -1. Checked at load. */
enum {
    LEAP_STRUCT_ATTENTION = 0,
    LEAP_STRUCT_ADD_NORM = 1,
    LEAP_STRUCT_EMBED = 2,
    LEAP_STRUCT_GATHER = 3,
    LEAP_STRUCT_STEP = 4,
    LEAP_STRUCT_SAMPLE = 5,
    LEAP_STRUCT_SELECT = 6,
    LEAP_STRUCT_ROPE = 7,
    LEAP_STRUCT_GROUP_NORM = 8
};
int64_t leap_struct_bytes(int32_t which);

/* 1 where this machine has what the library was compiled for (instruction set, GPU), else 0: then nothing but this function, the
 * version, the info and the last error, which is then a sentence about what is missing, may be called. */
int32_t leap_is_supported(void);

/* What the library is, for people: device, compiler, instruction set. Static storage. */
const char* leap_library_info(void);

/* The sentence of the calling thread's last failed call; "" if there was none. Valid until that thread's next call. */
const char* leap_last_error(void);

/* Asks for `threads` OpenMP threads (at least 1) for the calls that this thread makes from now on, ours and those of other libraries on
 * the same OpenMP. *got: how many a parallel region has from now on, at most `threads`: fewer if a limit of the environment (OMP_THREAD_LIMIT)
 * or of the system (processes of a user or a container) leaves fewer. Every parallel region then has exactly so many, since some libraries
 * leave work undone if one has fewer. CUDA: no effect, *got = threads. */
leap_status leap_set_threads(int32_t threads, int32_t* got);

/* ---- attention ---------------------------------------------------------------------------------- */

/* out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h / (heads / kv_heads)]) v[j][...],  no mask.
 *
 * Packed, ragged rows: queries of sequence s are rows q_offsets[s] .. q_offsets[s+1]-1 of q and out; its keys are
 * rows k_offsets[s] .. k_offsets[s] + k_counts[s]-1 of k and v (two sequences may share keys). No keys: out is 0.
 * Head h of a row lies at row * stride + h * head_dim. Strides count elements, so q, k and v may be slices of one
 * (rows, 3C) product. out must not alias q, k, v.
 */
typedef struct leap_attention_params {
    const void* q;            /* (rows, heads, head_dim) dtype */
    const void* k;            /* (key rows, kv_heads, head_dim) dtype */
    const void* v;            /* as k */
    void* out;                /* (rows, heads, head_dim) dtype */
    int64_t q_stride, k_stride, v_stride, out_stride; /* elements from one row to the next */
    const int32_t* q_offsets; /* (sequences + 1) device, ascending */
    const int32_t* k_offsets; /* (sequences) device */
    const int32_t* k_counts;  /* (sequences) device, >= 0 */
    int64_t q_rows, k_rows;   /* rows that q and out, and that k and v hold: no row beyond is touched */
    int32_t sequences;
    int32_t heads, kv_heads;  /* heads % kv_heads == 0 */
    int32_t head_dim;         /* 1 .. 128 */
    int32_t max_queries;      /* bound on the queries of one sequence: known on the host */
    int32_t max_keys;         /* bound on k_counts */
    float scale;              /* usually 1 / sqrt(head_dim) */
    leap_dtype dtype;
} leap_attention_params;

/* Bidirectional attention over all tokens of a sequence: thousands of keys, never a T x T matrix in memory.
 * Source: Vaswani et al. 2017, eq. 1; online softmax after Milakov and Gimelshein 2018; blocking after Dao et al. 2022. */
leap_status leap_attention(leap_stream stream, const leap_attention_params* p);

/* The same meaning, made for a short list of keys (the tokens just sampled) and many queries.
 * Source: MIGM-Shortcut (Zhu et al. 2026, arXiv 2602.23996), section on the shortcut's architecture. */
leap_status leap_cross_attention(leap_stream stream, const leap_attention_params* p);

/* x[r][:] = softmax(scale * x[r][:]) in place over `columns`: the decoders' single wide head. x: (rows, columns) dtype. */
leap_status leap_softmax_rows(leap_stream stream, leap_dtype dtype, void* x, int64_t rows, int64_t columns, float scale);

/* ---- norms, activations, modulation -------------------------------------------------------------- */

/* residual += delta (where there is one), rounded to residual_dtype;  y = norm(residual) over C.
 * y may alias delta, or residual where delta is NULL, if they have the same dtype. */
typedef struct leap_add_norm_params {
    void* residual;     /* (rows, C) residual_dtype; written only where delta is not NULL */
    const void* delta;  /* (rows, C) delta_dtype, or NULL */
    const float* gamma; /* (C) */
    const float* beta;  /* (C); RMSNorm has none: NULL */
    void* y;            /* (rows, C) y_dtype */
    int64_t rows, C;
    leap_dtype residual_dtype, delta_dtype, y_dtype;
    float eps;
} leap_add_norm_params;

/* y = (residual - mean) / sqrt(var + eps) * gamma + beta, biased variance about the mean; residual_dtype is float32.
 * Source: Ba et al. 2016, eq. 4. */
leap_status leap_add_layer_norm(leap_stream stream, const leap_add_norm_params* p);

/* y = n * gamma, n = residual / sqrt(mean(residual^2) + eps) rounded to residual_dtype.
 * Source: Zhang and Sennrich 2019, eq. 4; the rounding is Lumina-DiMOO's. */
leap_status leap_add_rms_norm(leap_stream stream, const leap_add_norm_params* p);

/* y += x. x: (n) dtype; y: (n) float32; no alias. For a residual that no norm follows. */
leap_status leap_add(leap_stream stream, leap_dtype dtype, const void* x, float* y, int64_t n);

/* y = x, rounded to y_dtype (to the nearest, ties to even). x: (n) x_dtype; y: (n) y_dtype; no alias. */
leap_status leap_convert(leap_stream stream, leap_dtype x_dtype, const void* x, leap_dtype y_dtype, void* y, int64_t n);

/* y = activation(x + bias[column]); bias: (C) float32 or NULL; x, y: (rows, C) dtype, may alias.
 * For devices whose matrix products have no such epilogue; the identity for convolutions whose library adds no bias. */
enum { LEAP_GELU_ERF = 0, LEAP_SILU = 1, LEAP_IDENTITY = 2 };
leap_status leap_activation(leap_stream stream, leap_dtype dtype, int32_t activation, const void* x, const float* bias,
                            void* y, int64_t rows, int64_t C);

/* y = silu(gate) * up, in float32 and rounded once; silu(g) = g / (1 + exp(-g)). gate, up: (rows, C) dtype, their rows
 * `stride` elements apart (halves of one product); y: (rows, C) dtype without gaps; y may alias gate or up where stride is C.
 * Source: Shazeer 2020, eq. 6 (SwiGLU with beta = 1). */
leap_status leap_swiglu(leap_stream stream, leap_dtype dtype, const void* gate, const void* up, int64_t stride, void* y,
                        int64_t rows, int64_t C);

/* Rotary position embedding in place, rotate-half layout: for i < head_dim / 2, with a = x[i], b = x[i + head_dim / 2],
 *   x[i] = a cos - b sin,  x[i + head_dim / 2] = b cos + a sin,  of the angle positions[row] * frequencies[i]
 * The angle is a float32 product, cosine and sine are float32, the result is rounded to dtype once. Head h of row r lies at
 * r * stride + h * head_dim: q and k of one product are one call.
 * Source: Su et al. 2021, eq. 34. */
typedef struct leap_rope_params {
    void* x;                  /* (rows, heads, head_dim) dtype */
    const int32_t* positions; /* (rows) device: position of each row within its sequence */
    const float* frequencies; /* (head_dim / 2) device: theta^(-2i / head_dim) */
    int64_t stride;           /* elements from one row to the next */
    int64_t rows;
    int32_t heads, head_dim;  /* head_dim is even */
    leap_dtype dtype;
    int32_t reserved;         /* 0 */
} leap_rope_params;
leap_status leap_rope(leap_stream stream, const leap_rope_params* p);

/* Sinusoids of t = 1000 * mask_ratio: out[n] = [cos(t w_0) .. cos(t w_{half-1}), sin(t w_0) ..], in float32,
 * w_i = exp(-ln(10000) i / half).  mask_ratio: (n) device; out: (n, 2 * half) float32. */
leap_status leap_time_embedding(leap_stream stream, const float* mask_ratio, int64_t n, float* out, int64_t half);

/* adaLN: y[r] = x[r] * (1 + scale) + shift, (scale | shift) = modulation[r / rows_per_modulation], both over C.
 * x: (rows, C) float32; modulation: (ceil(rows / rows_per_modulation), 2 C) float32; y: (rows, C) y_dtype, may alias x.
 * Source: Peebles and Xie 2023 (DiT), section 3.2, without the gate. */
leap_status leap_modulate(leap_stream stream, const float* x, const float* modulation, void* y, leap_dtype y_dtype,
                          int64_t rows, int64_t C, int64_t rows_per_modulation);

/* ---- tokens to rows and back ---------------------------------------------------------------------- */

/* out[s][j] = token_table[ids[s][j]] + position_table[position], position = positions[s][j], or j where positions is NULL.
 * Rows j >= counts[s] are set to 0. Serves the base network's input, the shortcut's newly sampled tokens, and (without
 * positions) a codebook look-up. An id or position outside its table: LEAP_BAD_ARGUMENT on the CPU, a row of NaN on CUDA. */
typedef struct leap_embed_params {
    const int32_t* ids;         /* (S, capacity) device */
    const int32_t* positions;   /* (S, capacity) device, or NULL */
    const int32_t* counts;      /* (S) device, or NULL: all rows */
    const void* token_table;    /* (vocabulary, C) table_dtype */
    const void* position_table; /* (positions_in_table, C) table_dtype, or NULL: nothing is added */
    void* out;                  /* (S, capacity, C) out_dtype */
    int64_t ids_stride;         /* elements from one sequence's ids (and positions) to the next */
    int64_t sequences, capacity, C;
    int64_t vocabulary, positions_in_table;
    leap_dtype table_dtype, out_dtype;
} leap_embed_params;
leap_status leap_embed(leap_stream stream, const leap_embed_params* p);

/* The parameter block of one step. It lies in device memory and is read by the kernels, so that a captured step can be
 * replayed with other values. */
typedef struct leap_step {
    int32_t index;            /* step i: part of every Philox counter */
    int32_t masked;           /* masked tokens of each image before the step */
    int32_t to_fix;           /* tokens that the step fixes in each image, <= masked */
    int32_t confidence;       /* LEAP_CONFIDENCE_... */
    float mask_ratio;         /* masked / tokens */
    float guidance;           /* w_i: logits = (1 + w_i) conditional - w_i unconditional */
    float draw_scale;         /* code ~ softmax(draw_scale * logits) */
    float confidence_scale;   /* p = softmax(confidence_scale * logits)[code] */
    float confidence_noise;   /* weight of the Gumbel noise on log p */
    int32_t reserved;         /* 0 */
} leap_step;

enum {
    LEAP_CONFIDENCE_LOG_PROBABILITY = 0, /* log max(p, 1e-20) + confidence_noise * Gumbel */
    LEAP_CONFIDENCE_PROBABILITY = 1,     /* p */
    LEAP_CONFIDENCE_UNIFORM = 2          /* the uniform itself */
};

/* out[b][g][j] = x[row_offsets[b * sequences_per_image + g] + position_rows[g][positions[b][j]]] for j < step->masked:
 * the features of the rows that are still masked, packed for the head. Rows beyond are left as they are. */
typedef struct leap_gather_params {
    const void* x;                /* (rows, C) dtype */
    const int32_t* row_offsets;   /* (B * sequences_per_image) device: first row of each sequence */
    const int32_t* positions;     /* (B, tokens) device: masked grid positions, ascending, first step->masked valid */
    const int32_t* position_rows; /* (sequences_per_image, tokens) device: grid position to row within the sequence, or NULL: the same */
    const leap_step* step;        /* device */
    void* out;                    /* (B, sequences_per_image, row_capacity, C) dtype */
    int64_t images, sequences_per_image, row_capacity, tokens, C;
    leap_dtype dtype;
    int32_t reserved; /* 0 */
} leap_gather_params;
leap_status leap_gather_rows(leap_stream stream, const leap_gather_params* p);

/* ---- sampling ------------------------------------------------------------------------------------- */

/* Randomness: Philox4x32-10 (Salmon et al. 2011). Key = the image's seed (low word, high word);
 * counter = (index / 4, position, step, purpose), word index % 4; uniform = ((x >> 9) + 0.5) * 2^-23, never 0 or 1. */
enum { LEAP_PURPOSE_DRAW = 0, LEAP_PURPOSE_CONFIDENCE = 1 };

/* out[i] = the uniform of (seed, index first_index + i, position, step, purpose); out: (n) float32. */
leap_status leap_philox_uniform(leap_stream stream, uint64_t seed, uint32_t first_index, uint32_t position, uint32_t step,
                                uint32_t purpose, float* out, int64_t n);

enum {
    LEAP_DRAW_INVERSE_CDF = 0, /* the number of v with cdf(v) < u * cdf(V-1), in codebook order */
    LEAP_DRAW_GUMBEL_MAX = 1,  /* argmax(draw_scale * logits + Gumbel), the first maximum wins */
    LEAP_DRAW_ARGMAX = 2       /* the first maximum of the logits */
};

/* The fused token sampler: for each masked row j of image b, at grid position p = positions[b][j],
 *   logits = (1 + w) conditional - w unconditional + bias[p]      (sequences_per_image == 1: conditional + bias[p])
 *   code = draw(draw_scale * logits);  confidence by step->confidence from softmax(confidence_scale * logits)[code]
 * Gumbel = -ln(-ln u). Purposes and indices: the inverse CDF uses index 0 of DRAW, Gumbel-max index v of DRAW, the
 * confidence index 0 of CONFIDENCE. The logits are read once. A row whose logits are not all finite gets code 0 and
 * confidence -infinity.
 * noise_dtype BF16 samples as DiMOO's published pipeline does: every elementary operation above, from guidance to
 * confidence, is rounded to bfloat16 (the softmax once, at its end), a uniform that rounds to 1 becomes 0, and
 * Gumbel = -ln(-ln(u + 1e-20) + 1e-20).
 * Source: Chang et al. 2022 (MaskGIT), section 3.2; spec of DiMOO's loop. */
typedef struct leap_sample_params {
    const void* logits;         /* (B, sequences_per_image, row_capacity, V) logits_dtype: conditional rows, then unconditional rows */
    const float* bias;          /* row p at bias + p * bias_stride, V of them used; or NULL */
    int64_t bias_stride;
    const int32_t* positions;   /* (B, tokens) device, first step->masked valid */
    const uint64_t* seeds;      /* (B) device */
    const double* u_draw;       /* recorded uniforms, or NULL: Philox. (B, tokens) by position; Gumbel-max: (B, row_capacity, V) by row */
    const double* u_confidence; /* (B, tokens) by position, or NULL: Philox */
    const leap_step* step;      /* device */
    int32_t* sampled;           /* out (B, tokens): code of row j, first step->masked written */
    float* confidence;          /* out (B, tokens): as sampled */
    int64_t images, sequences_per_image, row_capacity, tokens, V;
    leap_dtype logits_dtype;
    int32_t draw;               /* LEAP_DRAW_... */
    leap_dtype noise_dtype;     /* Gumbel-max only; BF16: see below */
    int32_t reserved;           /* 0 */
} leap_sample_params;
leap_status leap_sample(leap_stream stream, const leap_sample_params* p);

/* Exact top-k, scatter and compaction: of the step->masked candidates of each image, the step->to_fix with the highest
 * confidence are fixed; on equal confidence the lower position is fixed first.
 *   codes[b][p] = the sampled code;  ids[...] likewise, plus id_offset, in each of the image's sequences
 *   new_codes, new_positions: what was fixed, ascending positions;  positions: what is still masked, ascending */
typedef struct leap_select_params {
    const int32_t* sampled;       /* (B, tokens), by row j */
    const float* confidence;      /* (B, tokens), by row j; NaN counts as -infinity */
    int32_t* positions;           /* (B, tokens) in: masked before the step; out: masked after it */
    int32_t* codes;               /* (B, tokens) by position; only newly fixed ones are written */
    int32_t* ids;                 /* the sequences' token ids, or NULL */
    const int32_t* id_offsets;    /* (B * sequences_per_image): where each sequence starts in ids; read where ids is not NULL */
    const int32_t* position_rows; /* (sequences_per_image, tokens): grid position to row within the sequence, or NULL: the same */
    int32_t* new_codes;           /* out (B, tokens): first step->to_fix written, id_offset included */
    int32_t* new_positions;       /* out (B, tokens) */
    int32_t* new_counts;          /* out (B): step->to_fix */
    const leap_step* step;        /* device */
    int64_t images, sequences_per_image, tokens;
    int32_t id_offset;            /* what turns a code into a token id */
    int32_t reserved;             /* 0 */
} leap_select_params;
leap_status leap_select(leap_stream stream, const leap_select_params* p);

/* ---- the image decoder: channels-last (N, h, w, C) -------------------------------------------------- */

/* Bytes that the caller of a group norm lends for each group of each image, whatever the image's size: room for the moments of
 * LEAP_GROUP_NORM_SCRATCH / 8 parts of an image, so that more than one block may work on it. */
enum { LEAP_GROUP_NORM_SCRATCH = 2048 };

/* y = GroupNorm(x) * gamma + beta, then y * sigmoid(y) where `swish` is not 0. Biased variance over h*w and the group's
 * channels. LEAP_BAD_SHAPE if C % groups != 0.
 * Calls that may run at the same time need scratch of their own; what it holds before and after a call means nothing. A library
 * that needs none (the CPU's) takes NULL and 0; one that does refuses less than the bytes above with LEAP_BAD_ARGUMENT. */
typedef struct leap_group_norm_params {
    const void* x;         /* (N, pixels, C) dtype */
    const float* gamma;    /* (C) */
    const float* beta;     /* (C) */
    void* y;               /* (N, pixels, C) dtype; may alias x */
    void* scratch;         /* device, aligned to 16 bytes; no alias */
    int64_t scratch_bytes; /* N * groups * LEAP_GROUP_NORM_SCRATCH, or more */
    int64_t N, pixels, C, groups;
    float eps;
    leap_dtype dtype;
    int32_t swish;
    int32_t reserved;      /* 0 */
} leap_group_norm_params;

/* Source: Wu and He 2018; swish: Ramachandran et al. 2017. */
leap_status leap_group_norm(leap_stream stream, const leap_group_norm_params* p);

/* Nearest neighbour, factor 2: y[n][i][j] = x[n][i / 2][j / 2]. x: (N, h, w, C); y: (N, 2h, 2w, C); no alias. */
leap_status leap_upsample_nearest_2x(leap_stream stream, leap_dtype dtype, const void* x, void* y, int64_t N, int64_t h,
                                     int64_t w, int64_t C);

/* rgb = round_half_even((clamp(x, low, high) - low) / (high - low) * 255); NaN becomes 0. x, rgb: (n). */
leap_status leap_to_rgb(leap_stream stream, leap_dtype dtype, const void* x, uint8_t* rgb, int64_t n, float low, float high);

#ifdef __cplusplus
}
#endif
#endif
