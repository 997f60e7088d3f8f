"""maskgit_verify.py: the PyTorch networks and loop against tensors that were recorded from the reference implementation."""

import json
import math
from pathlib import Path

import torch

from maskgit import Base, Shortcut
from maskgit_loop import Painter, arccos_counts, full_steps, guide, plan
from model_folder import read_safetensors
from vqgan import Decoder

TOLERANCES = {"feature": 1e-4, "logits": 1e-3, "image": 2e-4}


class Recorded:
    """Draws from the uniforms that a step of a recorded run drew: codes by inverse CDF, in float64."""

    def __init__(self, u_codes, u_confidence):
        self.u_codes, self.u_confidence = u_codes, u_confidence

    def codes(self, p):
        cdf = p.double().cumsum(-1)
        return (cdf < self.u_codes[..., None] * cdf[..., -1:]).sum(-1)

    def gumbel(self, confidence):
        return -torch.log(-torch.log(self.u_confidence)).float()


class Verifier:
    def __init__(self, folder, fixture, device):
        self.fixture, self.device = Path(fixture), device
        self.about = json.loads((self.fixture / "fixture.json").read_text())
        self.base = Base(folder, device, torch.float32)
        self.shortcut = Shortcut(folder, self.base, device, torch.float32) if "shortcut" in folder.sizes else None
        self.decoder = Decoder(folder, device, torch.float32)
        self.largest_errors, self.kinds = {}, {}
        self.wrong = {}

    def read(self, name):
        return {name: tensor.to(self.device) for name, tensor in read_safetensors(self.fixture / name).items()}

    def shortcut_name(self):
        """Under which name the fixture has the model's shortcut, or None."""
        for name, options in self.about["shortcuts"].items() if self.shortcut else ():
            if options["n_block"] == self.shortcut.sizes["blocks"] and options["embed_t"] == (self.shortcut.time is not None):
                return name
        return None

    def compare(self, name, kind, actual, expected):
        """Raises the largest error of what is called name."""
        same_shape = actual.shape == expected.shape
        error = (actual - expected).abs().max().item() if same_shape else math.nan
        before = self.largest_errors.get(name, 0.0)
        self.largest_errors[name] = math.nan if math.isnan(error + before) else max(error, before)
        self.kinds[name] = kind

    def schedules(self):
        """Which steps are full, and how many tokens each fixes."""
        tables = json.loads((self.fixture.parent / "maskgit-schedules.json").read_text())
        counts = [(*map(int, name.split("-")[1:]), table) for name, table in tables["tokens_per_step"].items() if name.startswith("arccos")]
        self.wrong["schedules"] = sum(arccos_counts(steps, tokens) != table for steps, tokens, table in counts)
        full = [(run["steps"], run["budget"], run["full_steps"]) for run in self.about["runs"]]
        self.wrong["full steps"] = sum(full_steps(steps, budget) != table for steps, budget, table in full)

    def networks(self):
        recorded, tokens = self.read("expected.safetensors"), self.base.tokens
        class_ids, dropped = self.base.sizes["codebook"] + 1, recorded["forward.drop_label"].bool()
        classes = class_ids + torch.where(dropped, self.base.sizes["classes"], recorded["forward.labels"])
        feature = self.base.features(torch.cat((recorded["forward.codes"], classes[:, None]), 1).long())
        self.compare("forward.feature", "feature", feature, recorded["forward.feature"])
        self.compare("forward.logits", "logits", self.base.logits(feature) + self.base.bias, recorded["forward.logits"])
        self.compare("decode.image", "image", self.decoder.images(recorded["decode.codes"].long()), recorded["decode.image"])
        name = self.shortcut_name()
        if name:
            map_of_new = recorded[name + ".new_token_map"].bool()
            positions = map_of_new.nonzero()[:, 1].view(len(map_of_new), -1)
            new_ids, ratios = recorded[name + ".new_token_ids"].long(), recorded[name + ".mask_ratio"]
            feature = self.shortcut.features(recorded[name + ".prev_feature"], new_ids, positions, ratios)
            self.compare(name + ".next_feature", "feature", feature, recorded[name + ".next_feature"])

    def run(self, run):
        """A generation with the recorded uniforms: every feature, every guided logit, every token that it fixes, the image."""
        recorded = self.read(run["file"])
        painter = Painter(
            self.base, self.shortcut, plan(run["tokens_per_step"], run["full_steps"]), run["cfg_w"], run["r_temp"], run["sm_temp"]
        )
        name, state, wrong_tokens = run["name"], painter.begin(torch.tensor(run["labels"], device=self.device)), 0
        for i in range(run["steps"]):
            step = f"step{i:02}."
            state = painter.step(state, i, Recorded(recorded[step + "u_sample"], recorded[step + "u_confidence"]))
            logits = guide(self.base.logits(state.feature), self.base.bias, painter.ramps[i].guidance)
            self.compare(f"{name} features", "feature", state.feature, recorded[step + "feature"])
            self.compare(f"{name} guided logits", "logits", logits, recorded[step + "guided_logits"])
            wrong_tokens += (painter.codes(state) != recorded[step + "codes_after"]).sum().item()
        self.wrong[f"{name} tokens"] = wrong_tokens
        self.compare(f"{name} image", "image", self.decoder.images(painter.codes(state)), recorded["final.image"])

    def runs(self):
        """Those that this loop knows: with guidance, and noise that fades."""
        for run in self.about["runs"]:
            known = run["cfg_w"] > 0 and run.get("randomize", "linear") == "linear"
            if known and run["shortcut"] in (None, self.shortcut_name()):
                self.run(run)


    def lines(self):
        for name, error in self.largest_errors.items():
            tolerance = TOLERANCES[self.kinds[name]]
            yield {"verified": name, "largest_error": error, "tolerance": tolerance, "right": error <= tolerance}
        for name, wrong in self.wrong.items():
            yield {"verified": name, "wrong": wrong, "right": wrong == 0}


def verify(folder, fixture, device):
    """A line for each thing that was recorded, with whether the model in folder computes it."""
    with torch.no_grad():
        verifier = Verifier(folder, fixture, device)
        verifier.schedules()
        verifier.networks()
        verifier.runs()
    return list(verifier.lines())
