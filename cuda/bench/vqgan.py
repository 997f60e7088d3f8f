"""vqgan.py: the decoder of a VQGAN in PyTorch, all of it in one dtype."""

import torch
import torch.nn.functional as F

GROUPS, EPS = 32, 1e-6


class Decoder:
    """
    Codes to images. Its whole is called as wrap(function) gives it. Which layout is faster depends: convolutions want the
    channels last, PyTorch's group norm wants planes.
    """

    def __init__(self, folder, device, dtype, wrap=lambda function: function, layout=torch.channels_last):
        self.layout = layout

        def on_device(tensor):
            moved = tensor.to(device, dtype)
            return moved.contiguous(memory_format=layout) if moved.dim() == 4 else moved

        self.weights = {name: on_device(tensor) for name, tensor in folder.tensors("decoder").items()}
        self.levels = self.count("decoder.up.{}.block.0.conv1.weight")
        self.grid = folder.sizes["base"]["grid"]
        self.images = wrap(self.decode)

    def count(self, pattern):
        count = 0
        while pattern.format(count) in self.weights:
            count += 1
        return count

    def convolve(self, x, name):
        weight = self.weights[name + ".weight"]
        return F.conv2d(x, weight, self.weights[name + ".bias"], padding=weight.shape[-1] // 2)

    def norm(self, x, name):
        return F.group_norm(x, GROUPS, self.weights[name + ".weight"], self.weights[name + ".bias"], EPS)

    def residual(self, x, name):
        h = self.convolve(F.silu(self.norm(x, name + ".norm1")), name + ".conv1")
        h = self.convolve(F.silu(self.norm(h, name + ".norm2")), name + ".conv2")
        return h + (self.convolve(x, name + ".nin_shortcut") if name + ".nin_shortcut.weight" in self.weights else x)

    def attention(self, x, name):
        """One head as wide as the channels, which is wider than fused attention takes."""
        B, C, H, W = x.shape
        normed = self.norm(x, name + ".norm")
        q, k, v = [self.convolve(normed, f"{name}.{part}").permute(0, 2, 3, 1).reshape(B, H * W, C) for part in "qkv"]
        attended = torch.softmax(q @ k.transpose(1, 2) * C**-0.5, -1) @ v
        return x + self.convolve(attended.view(B, H, W, C).permute(0, 3, 1, 2), name + ".proj_out")

    def decode(self, codes):
        """codes (B, tokens) int64; (B, 3, height, width), nominally -1 to 1."""
        embedded = F.embedding(codes, self.weights["quantize.embedding.weight"])
        x = embedded.view(len(codes), self.grid, self.grid, -1).permute(0, 3, 1, 2)
        x = x.contiguous(memory_format=self.layout)
        x = self.convolve(self.convolve(x, "post_quant_conv"), "decoder.conv_in")
        x = self.residual(x, "decoder.mid.block_1")
        x = self.attention(x, "decoder.mid.attn_1")
        x = self.residual(x, "decoder.mid.block_2")
        for level in reversed(range(self.levels)):
            up = f"decoder.up.{level}"
            for j in range(self.count(up + ".block.{}.conv1.weight")):
                x = self.residual(x, f"{up}.block.{j}")
                if f"{up}.attn.{j}.norm.weight" in self.weights:
                    x = self.attention(x, f"{up}.attn.{j}")
            if level > 0:
                x = self.convolve(F.interpolate(x, scale_factor=2.0, mode="nearest"), up + ".upsample.conv")
        return self.convolve(F.silu(self.norm(x, "decoder.norm_out")), "decoder.conv_out")


def to_bytes(images):
    """(B, 3, height, width), -1 to 1; (B, height, width, 3) uint8."""
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)
