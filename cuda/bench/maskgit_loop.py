"""maskgit_loop.py: the loop by which a MaskGIT with a shortcut paints, in PyTorch: what each step is to do is known beforehand, and
nothing in a step waits for the GPU.

Guidance is on: every image has two sequences. As in the reference, each step computes the logits of all tokens and draws a code for
each; those of tokens that are fixed come to nothing.
"""

from typing import NamedTuple

import torch


class Step(NamedTuple):
    full: bool
    masked: int  # tokens of an image that are masked before it
    to_fix: int


def arccos_counts(steps, tokens):
    """Tokens that each step fixes, by the schedule that the published model was evaluated with; in float32, as the reference."""
    weights = torch.arccos(torch.linspace(1, 0, steps)) / (torch.pi / 2)
    counts = torch.round(weights / weights.sum() * tokens).clamp(min=1).int().tolist()
    left = tokens
    for i in range(steps):
        counts[i] = left if i == steps - 1 else min(counts[i], left)
        left -= counts[i]
    return counts


def full_steps(steps, budget):
    full = [0]
    for k in range(1, budget):
        full.append(max(full[-1] + 1, round(steps * (k / budget))))
    return full


def plan(counts, full):
    """The steps that fix so many tokens each; those whose numbers are in full run the base network."""
    steps, masked = [], sum(counts)
    for i, count in enumerate(counts):
        steps.append(Step(i in full, masked, count))
        masked -= count
    return steps


class State(NamedTuple):
    """What a step makes of what the step before has left."""

    ids: torch.Tensor  # (2 images, T): sequences that know the class, then those that do not
    feature: torch.Tensor  # (2 images, T, C) float32
    new_ids: torch.Tensor  # (images, n): codes that the last step has fixed
    new_positions: torch.Tensor


class Ramp(NamedTuple):
    """What changes from step to step, each (1) float32 on the device."""

    guidance: torch.Tensor
    noise: torch.Tensor
    mask_ratio: torch.Tensor


class Chance:
    """Draws from PyTorch's generator."""

    @staticmethod
    def codes(p):
        """By the exponential race, which does not wait for the GPU, as torch.multinomial does."""
        return (p / torch.empty_like(p).exponential_()).argmax(-1)

    @staticmethod
    def gumbel(confidence):
        return -torch.empty_like(confidence).exponential_().log()


def guide(logits, bias, guidance):
    known, dropped = logits.float().chunk(2)
    return (1 + guidance) * known - guidance * dropped + bias


def draw(logits, bias, masked, ramp, temperature, chance):
    """logits (2 images, tokens, K); codes and confidences, (images, tokens) each."""
    p = torch.softmax(guide(logits, bias, ramp.guidance) * temperature, -1)
    codes = chance.codes(p)
    confidence = p.gather(-1, codes[..., None])[..., 0].log()
    confidence = confidence + ramp.noise * chance.gumbel(confidence)
    return codes, confidence.masked_fill(~masked, -torch.inf)


class Painter:
    """Images, painted together."""

    def __init__(self, base, shortcut, steps, guidance, noise, temperature=1.0, wrap=lambda function: function):
        """
        guidance: in the last step; noise: weight of the confidence's, in the first; wrap: as for Base
        """
        self.base, self.shortcut, self.steps, self.temperature = base, shortcut, steps, temperature
        self.mask_id, self.class_ids = base.sizes["codebook"], base.sizes["codebook"] + 1
        self.draw = wrap(draw)

        def on_device(*values):
            return [torch.tensor([value], dtype=torch.float32, device=base.bias.device) for value in values]

        progress = [i / (len(steps) - 1) for i in range(len(steps))]
        self.ramps = [
            Ramp(*on_device(guidance * done, noise * (1 - done), step.masked / base.tokens)) for done, step in zip(progress, steps)
        ]

    def begin(self, labels):
        """labels: (images) int64"""
        classes = torch.cat((labels + self.class_ids, torch.full_like(labels, self.class_ids + self.base.sizes["classes"])))
        masks = torch.full((len(classes), self.base.tokens), self.mask_id, device=labels.device)
        return State(torch.cat((masks, classes[:, None]), 1), None, None, None)

    def codes(self, state):
        """(images, tokens)"""
        return state.ids[: len(state.ids) // 2, : self.base.tokens]

    def features(self, state, i):
        if self.steps[i].full:
            return self.base.features(state.ids)
        return self.shortcut.features(state.feature, state.new_ids, state.new_positions, self.ramps[i].mask_ratio)

    def step(self, state, i, chance=Chance):
        feature = self.features(state, i)
        masked = self.codes(state) == self.mask_id
        codes, confidence = self.draw(self.base.logits(feature), self.base.bias, masked, self.ramps[i], self.temperature, chance)
        positions = confidence.topk(self.steps[i].to_fix, sorted=False).indices
        new = codes.gather(1, positions)
        ids = state.ids.scatter(1, positions.repeat(2, 1), new.repeat(2, 1))
        return State(ids, feature, new, positions)

    def paint(self, labels):
        """The codes of an image of each label, (images, tokens)."""
        state = self.begin(labels)
        for i in range(len(self.steps)):
            state = self.step(state, i)
        return self.codes(state)
