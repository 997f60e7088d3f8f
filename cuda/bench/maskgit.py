"""maskgit.py: the networks of a MaskGIT in PyTorch, written for its speed: the base network, the head and the shortcut.

Shapes: S sequences, first those that know the class, then those that do not; T tokens of each, the last of which is the class's;
C channels of the base network; c of the shortcut; n tokens that the step before has fixed.

As in Maskleap, what products multiply is of one dtype, float32 or bfloat16, and the residual stream, the norms, the features and
the logits are float32. What lies between two attentions is one function of tensors, for torch.compile to make what it can of
it: nothing can be fused across an attention, and all layers share what is compiled of one.
"""

import math
from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F

EDGE_EPS, LAYER_EPS = 1e-12, 1e-5
TIME_FREQUENCIES = 128


# ---- weights --------------------------------------------------------------------------------------------------------


class Linear(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


class Norm(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


class Attention(NamedTuple):
    queries: Linear
    keys_and_values: Linear
    all: Linear
    out: Linear


class Mlp(NamedTuple):
    up: Linear
    down: Linear


class Layer(NamedTuple):
    norm: Norm
    attention: Attention
    mlp_norm: Norm
    mlp: Mlp


class Block(NamedTuple):
    """A layer that attends to the new tokens, and one that attends to all."""

    cross: Layer
    own: Layer


class Edge(NamedTuple):
    """What stands before the first or behind the last layer: norm, linear, GELU, norm, perhaps linear."""

    norm1: Norm
    linear1: Linear
    norm2: Norm
    linear2: Optional[Linear]


class Time(NamedTuple):
    frequencies: torch.Tensor
    up: Linear
    down: Linear
    modulation: Linear


class Weights:
    """A network's tensors by name, on a device, with operands of products in a dtype."""

    def __init__(self, tensors, device, dtype):
        self.tensors, self.device, self.dtype = tensors, device, dtype

    def has(self, name):
        return name in self.tensors

    def operand(self, name):
        return self.tensors[name].to(self.device, self.dtype)

    def float32(self, name):
        return self.tensors[name].to(self.device, torch.float32)

    def linear(self, prefix):
        return Linear(self.operand(prefix + ".weight"), self.operand(prefix + ".bias"))

    def linear_in_float32(self, prefix):
        return Linear(self.float32(prefix + ".weight"), self.float32(prefix + ".bias"))

    def norm(self, prefix):
        return Norm(self.float32(prefix + ".weight"), self.float32(prefix + ".bias"))

    def attention(self, prefix):
        weight, bias = self.operand(prefix + ".in_proj_weight"), self.operand(prefix + ".in_proj_bias")
        c = weight.shape[1]
        queries, keys_and_values = Linear(weight[:c], bias[:c]), Linear(weight[c:], bias[c:])
        return Attention(queries, keys_and_values, Linear(weight, bias), self.linear(prefix + ".out_proj"))

    def layer(self, norm, attention, mlp_norm, mlp):
        mlps = Mlp(self.linear(mlp + ".net.0"), self.linear(mlp + ".net.3"))
        return Layer(self.norm(norm), self.attention(attention + ".mha"), self.norm(mlp_norm), mlps)


# ---- parts ----------------------------------------------------------------------------------------------------------


def linear(x, layer):
    return F.linear(x.to(layer.weight.dtype), layer.weight, layer.bias)


def norm(x, layer, eps=LAYER_EPS):
    return F.layer_norm(x, layer.weight.shape, layer.weight, layer.bias, eps)


def heads_of(x, parts, heads):
    """(S, T, parts * C) as parts tensors (S, heads, T, C / heads)."""
    S, T, C = x.shape
    return x.view(S, T, parts, heads, C // (parts * heads)).permute(2, 0, 3, 1, 4).unbind(0)


def attention(q, k, v):
    """(S, heads, T, head_dim) of each; (S, T, C)."""
    if hasattr(F, "scaled_dot_product_attention"):
        out = F.scaled_dot_product_attention(q, k, v)
    else:  # PyTorch 1
        out = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v
    return out.transpose(1, 2).flatten(2)


def finish_layer(x, attended, layer):
    """What follows attention in a layer: x (S, T, C) float32."""
    x = x + linear(attended, layer.attention.out).float()
    hidden = F.gelu(linear(norm(x, layer.mlp_norm), layer.mlp.up))
    return x + linear(hidden, layer.mlp.down).float()


def edge(x, weights):
    x = F.gelu(linear(norm(x, weights.norm1, EDGE_EPS), weights.linear1)).float()
    x = norm(x, weights.norm2, EDGE_EPS)
    return x if weights.linear2 is None else linear(x, weights.linear2).float()


# ---- the base network, from attention to attention ------------------------------------------------------------------


def base_enter(ids, token_embedding, position_embedding, first, layer):
    x = edge(F.embedding(ids, token_embedding).float() + position_embedding, first)
    return x, linear(norm(x, layer.norm), layer.attention.all)


def base_between(x, attended, layer, following):
    x = finish_layer(x, attended, layer)
    return x, linear(norm(x, following.norm), following.attention.all)


def base_leave(x, attended, layer, last):
    return edge(finish_layer(x, attended, layer), last)


class Base:
    """Ids to features, and features to logits. Functions are called as wrap(function) gives them."""

    def __init__(self, folder, device, dtype, wrap=lambda function: function):
        self.sizes = folder.sizes["base"]
        weights = Weights(folder.tensors("base"), device, dtype)
        self.tokens = self.sizes["grid"] ** 2
        self.token_embedding, self.position_embedding = weights.operand("tok_emb.weight"), weights.operand("pos_emb")
        self.bias = weights.float32("bias")[: self.tokens, : self.sizes["codebook"]].contiguous()
        self.head = self.token_embedding[: self.sizes["codebook"]]
        parts = ("first_layer.0", "first_layer.2", "first_layer.4", "first_layer.6")
        self.first = Edge(weights.norm(parts[0]), weights.linear(parts[1]), weights.norm(parts[2]), weights.linear(parts[3]))
        self.layers = [
            weights.layer(f"{prefix}.0.norm", f"{prefix}.0.fn", f"{prefix}.1.norm", f"{prefix}.1.fn")
            for prefix in (f"transformer.layers.{i}" for i in range(self.sizes["layers"]))
        ]
        self.last = Edge(weights.norm("last_layer.0"), weights.linear("last_layer.2"), weights.norm("last_layer.4"), None)
        self.enter, self.between, self.leave = wrap(base_enter), wrap(base_between), wrap(base_leave)

    def features(self, ids):
        """ids (S, T) int64; (S, T, C) float32."""
        heads = self.sizes["heads"]
        x, qkv = self.enter(ids, self.token_embedding, self.position_embedding, self.first, self.layers[0])
        for layer, following in zip(self.layers, self.layers[1:]):
            x, qkv = self.between(x, attention(*heads_of(qkv, 3, heads)), layer, following)
        return self.leave(x, attention(*heads_of(qkv, 3, heads)), self.layers[-1], self.last)

    def logits(self, features):
        """(S, tokens, K), without the bias: of every token, masked or not, as the reference computes them."""
        return F.linear(features[:, : self.tokens].to(self.head.dtype), self.head)


# ---- the shortcut, from attention to attention ----------------------------------------------------------------------


def shortcut_enter(feature, projection, block):
    x = feature if projection is None else linear(feature, projection).float()
    return x, linear(norm(x, block.cross.norm), block.cross.attention.queries)


def shortcut_within(x, attended, block):
    """From cross-attention to self-attention, whose keys and values are of x as it is."""
    x = finish_layer(x, attended, block.cross)
    q = linear(norm(x, block.own.norm), block.own.attention.queries)
    return x, q, linear(x, block.own.attention.keys_and_values)


def shortcut_between(x, attended, block, following):
    x = finish_layer(x, attended, block.own)
    return x, linear(norm(x, following.cross.norm), following.cross.attention.queries)


def shortcut_leave(x, attended, feature, mask_ratio, block, last, time, projection):
    x = edge(finish_layer(x, attended, block.own), last)
    if time is not None:
        scale, shift = modulation(mask_ratio, time).chunk(2, -1)
        x = x * (1 + scale) + shift
    return feature + (x if projection is None else linear(x, projection).float())


def modulation(mask_ratio, time):
    """(1) or (S); (the same, 1, 2c)."""
    angles = 1000 * mask_ratio[:, None] * time.frequencies
    hidden = F.silu(linear(torch.cat((angles.cos(), angles.sin()), -1), time.up))
    return linear(linear(hidden, time.down), time.modulation)[:, None]


class Shortcut:
    """Features to the next step's. Functions are called as wrap(function) gives them."""

    def __init__(self, folder, base, device, dtype, wrap=lambda function: function):
        self.sizes, self.base = folder.sizes["shortcut"], base
        weights = Weights(folder.tensors("shortcut"), device, dtype)
        names = ("proj_in", "new_token_proj_in", "proj_out")
        projects = weights.has("proj_in.weight")
        self.into, self.new_tokens_into, self.out_of = [weights.linear(name) if projects else None for name in names]
        self.blocks = [
            Block(*[
                weights.layer(f"{prefix}.norm", f"{prefix}.fn", f"{prefix}_ff.norm", f"{prefix}_ff.fn")
                for prefix in (f"blocks.{i}.cross_attn", f"blocks.{i}.self_attn")
            ])
            for i in range(self.sizes["blocks"])
        ]
        self.last = Edge(weights.norm("last_layer.0"), weights.linear("last_layer.1"), weights.norm("last_layer.3"), None)
        self.time = None
        if weights.has("time_embedder.mlp.0.weight"):
            frequencies = torch.exp(torch.arange(TIME_FREQUENCIES, device=device) * (-math.log(10000) / TIME_FREQUENCIES))
            names = ("time_embedder.mlp.0", "time_embedder.mlp.2", "adaLN_modulation")
            self.time = Time(frequencies, *[weights.linear_in_float32(name) for name in names])
        self.enter, self.within = wrap(shortcut_enter), wrap(shortcut_within)
        self.between, self.leave = wrap(shortcut_between), wrap(shortcut_leave)

    def new_tokens(self, ids, positions):
        """(images, n) of each; (images, n, c)."""
        embedded = F.embedding(ids, self.base.token_embedding) + F.embedding(positions, self.base.position_embedding[0])
        return embedded if self.new_tokens_into is None else linear(embedded, self.new_tokens_into)

    def features(self, feature, new_ids, new_positions, mask_ratio):
        """
        feature (S, T, C) float32; new_ids and new_positions (images, n), whose images' sequences share them; mask_ratio (1) or (S)
        """
        heads = self.sizes["heads"]
        new = self.new_tokens(new_ids, new_positions)
        sharing = feature.shape[0] // new.shape[0]
        x, q = self.enter(feature, self.into, self.blocks[0])
        for i, block in enumerate(self.blocks):
            if i > 0:
                x, q = self.between(x, attended, self.blocks[i - 1], block)
            keys_and_values = linear(new, block.cross.attention.keys_and_values).repeat(sharing, 1, 1)
            attended = attention(*heads_of(q, 1, heads), *heads_of(keys_and_values, 2, heads))
            x, q, kv = self.within(x, attended, block)
            attended = attention(*heads_of(q, 1, heads), *heads_of(kv, 2, heads))
        return self.leave(x, attended, feature, mask_ratio, self.blocks[-1], self.last, self.time, self.out_of)
