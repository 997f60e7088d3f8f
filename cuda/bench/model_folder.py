"""model_folder.py: the sizes and tensors of a model folder, as it is described in README."""

import json
import mmap
import struct
from pathlib import Path

import torch

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_safetensors(path):
    """The tensors of a .safetensors file by name, on the CPU. The file is mapped, not read."""
    with open(path, "rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    (header_bytes,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + header_bytes])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        dtype, shape, (begin, end) = DTYPES[entry["dtype"]], entry["shape"], entry["data_offsets"]
        count = (end - begin) // torch.empty((), dtype=dtype).element_size()
        tensors[name] = torch.frombuffer(content, dtype=dtype, count=count, offset=8 + header_bytes + begin).reshape(shape)
    return tensors


class ModelFolder:
    """Sizes (model.json) and tensors of the networks "base", "shortcut" and "decoder"."""

    def __init__(self, path):
        self.path = Path(path)
        self.sizes = json.loads((self.path / "model.json").read_text())

    def tensors(self, network):
        return read_safetensors(self.path / self.sizes[network]["file"])
