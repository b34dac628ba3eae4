"""Trains the reference model on generated notes, on a CPU.

    train.py --out DIR [--minutes 90] [--export FOLDER] [--resume-f16 FOLDER] [--optimizer muon|adamw]

Goes on from DIR/checkpoint.pt when there is one, else from the f16 weights in --resume-f16, else from nothing. The learning rate
follows the wall clock, so that a run ends decayed however busy the machine is. DIR/log.jsonl has loss and accuracy.
"""
import argparse
import json
import os
import random
import signal
import time

import torch
import torch.nn.functional as F

import notes
from evaluate import held_out, score, write_samples
from model import (EOS, MAX_ANSWER, MAX_INPUT, PAD, answer_all, export, load_exported, load_tokenizer, new_model, save_tokenizer, speed_up,
                   train_tokenizer)


CURRICULUM = 50000      # notes until all are of full length: copying forms sooner on short ones


def batches(tok, rng, tokens, seen):
    """Padded batches for ever: pools of notes sorted by length, cut to about `tokens` padded input positions, shuffled."""
    while True:
        short = max(0.0, 1 - seen() / CURRICULUM)
        made = [notes.make(rng, size=rng.choice((0, 1)) if rng.random() < short else None) for _ in range(3072)]
        xs = [e.ids for e in tok.encode_batch([m[0] for m in made])]
        ys = [e.ids for e in tok.encode_batch([m[1] for m in made])]
        pool = sorted(((x, y) for x, y in zip(xs, ys) if len(x) <= MAX_INPUT and len(y) <= MAX_ANSWER), key=lambda p: (len(p[0]) // 3, len(p[1])))
        cut, part = [], []
        for pair in pool:
            if part and (len(part) + 1) * len(pair[0]) > tokens:
                cut, part = cut + [part], []
            part.append(pair)
        cut.append(part)
        rng.shuffle(cut)
        for part in cut:
            n, m = max(len(x) for x, _ in part), max(len(y) for _, y in part)
            x = torch.tensor([x + [PAD] * (n - len(x)) for x, _ in part])
            y = torch.tensor([y + [-100] * (m - len(y)) for _, y in part])
            yield x, y


def orthogonal(g, steps=5):
    """Newton-Schulz iteration of a stack of matrices (Muon), in f32."""
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x


class Muon:
    """Muon for the hidden matrices, stacked by shape; its update has the root mean square of AdamW's (0.2)."""

    def __init__(self, params, momentum=0.95, decay=0.01):
        self.groups, self.momentum, self.decay = {}, momentum, decay
        for p in params:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.buffers = {s: torch.zeros(len(ps), *s) for s, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, rate):
        for shape, ps in self.groups.items():
            g, b = torch.stack([p.grad for p in ps]), self.buffers[shape]
            b.mul_(self.momentum).add_(g)
            update = orthogonal(g + self.momentum * b) * (0.2 * max(shape) ** 0.5)
            for p, u in zip(ps, update):
                p.mul_(1 - rate * self.decay).add_(u, alpha=-rate)


class Training:
    def __init__(self, a):
        self.a, self.path = a, os.path.join(a.out, "checkpoint.pt")
        os.makedirs(a.out, exist_ok=True)
        if not os.path.exists(os.path.join(a.out, "tokenizer.json")):
            save_tokenizer(load_tokenizer(a.resume_f16) if a.resume_f16 else train_tokenizer(), a.out)
        self.tok = load_tokenizer(a.out)
        saved = torch.load(self.path, weights_only=False) if os.path.exists(self.path) else None
        self.model = load_exported(a.resume_f16) if a.resume_f16 and not saved else new_model(self.tok.get_vocab_size())
        speed_up(self.model)
        matrices = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "block" in n and "relative" not in n] if a.optimizer == "muon" else []
        chosen = {id(p) for p in matrices}
        self.muon, self.warm_up = Muon(matrices), 100
        biases = [p for n, p in self.model.named_parameters() if "relative" in n]      # must reach 5 and more
        rest = [p for n, p in self.model.named_parameters() if id(p) not in chosen and "relative" not in n and n != "shared.weight"]
        groups = [dict(params=rest, factor=1), dict(params=biases, factor=8, weight_decay=0.0), dict(params=[self.model.shared.weight], factor=3)]
        self.adam = torch.optim.AdamW(groups, lr=a.rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.steps, self.seen, self.spent = 0, 0, 0.0
        if saved:
            self.model.load_state_dict(saved["model"])
            self.steps, self.seen, self.spent = saved["steps"], saved["seen"], saved["spent"]
            if saved["optimizer"] == a.optimizer:
                self.adam.load_state_dict(saved["adam"])
                self.warm_up = 20
                for shape, b in saved["muon"].items():
                    self.muon.buffers[shape].copy_(b)
        self.checks = held_out(self.tok, "held_out", 100)
        self.start, self.stopped = time.time(), False

    def progress(self):
        return min(1.0, (time.time() - self.start) / (60 * self.a.minutes))

    def save(self):
        torch.save(dict(model=self.model.state_dict(), adam=self.adam.state_dict(), muon=self.muon.buffers, steps=self.steps, seen=self.seen,
                        spent=self.spent + time.time() - self.start, optimizer=self.a.optimizer), self.path + ".part")
        os.replace(self.path + ".part", self.path)

    def log(self, **values):
        line = json.dumps(dict(minute=round((time.time() - self.start) / 60, 2), step=self.steps, notes=self.seen, **values))
        print(line, flush=True)
        with open(os.path.join(self.a.out, "log.jsonl"), "a") as f:
            f.write(line + "\n")

    def check(self):
        answers = answer_all(self.model, self.tok, [c[0] for c in self.checks])
        s = score(self.checks, answers)
        wrong = [dict(note=c[0], want=c[1], got=x) for c, x in zip(self.checks, answers) if c[1] != x]
        with open(os.path.join(self.a.out, "errors.json"), "w") as f:
            json.dump(wrong, f, indent=1, ensure_ascii=False)
        self.log(fields=round(s["fields"], 3), whole=round(s["notes"], 3), per={k: round(v[0], 2) for k, v in s["per"].items()})

    def stop(self, *_):
        self.stopped = True

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        a, first, total, count = self.a, self.steps, 0.0, 0
        saved = checked = logged = time.time()
        for x, y in batches(self.tok, random.Random(f"{a.seed} {self.steps}"), a.tokens, lambda: self.seen + CURRICULUM * bool(a.resume_f16)):
            done = self.progress()
            factor = min(1.0, (self.steps - first + 1) / self.warm_up) * min(1.0, max(0.005, (1 - done) / a.decay))
            mask = (x != PAD).long()
            inputs = torch.cat([torch.zeros(len(y), 1, dtype=torch.long), y[:, :-1].clamp(min=PAD)], 1)
            hidden = self.model.decoder(input_ids=inputs, encoder_hidden_states=self.model.encoder(input_ids=x, attention_mask=mask)[0],
                                        encoder_attention_mask=mask, use_cache=False)[0]
            keep = y != -100
            loss = F.cross_entropy(self.model.lm_head(hidden[keep]), y[keep])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for group in self.adam.param_groups:
                group["lr"] = a.rate * factor * group["factor"]
            self.adam.step()
            self.muon.step(a.muon_rate * factor)
            self.model.zero_grad(set_to_none=True)
            self.steps, self.seen, total, count = self.steps + 1, self.seen + len(x), total + loss.item(), count + 1
            now = time.time()
            if now - logged > 20 or self.steps == 1:
                self.log(loss=round(total / count, 4), rate=round(factor, 3), seconds=round((now - logged) / count, 3))
                total, count, logged = 0.0, 0, now
            if now - checked > 60 * a.check:
                self.check()
                checked = logged = time.time()
            if now - saved > 180:
                self.save()
                saved = now
            if done >= 1 or self.stopped:
                break
        self.save()
        if self.stopped:
            return
        self.check()
        if a.export:
            export(self.model, self.tok, a.export)
            write_samples(os.path.join(a.export, "samples.jsonl"), self.tok)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True, help="folder of checkpoint, tokenizer and log")
    p.add_argument("--minutes", type=float, default=90)
    p.add_argument("--export", help="folder for the f16 model at the end")
    p.add_argument("--export-only", action="store_true", help="export the checkpoint and stop")
    p.add_argument("--resume-f16", help="folder of an exported model to go on from")
    p.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    p.add_argument("--rate", type=float, default=1.5e-3, help="peak of AdamW")
    p.add_argument("--muon-rate", type=float, default=3e-3, help="peak of Muon")
    p.add_argument("--decay", type=float, default=0.4, help="last share of the run in which the rate falls to nothing")
    p.add_argument("--tokens", type=int, default=3600, help="padded input positions in a batch")
    p.add_argument("--check", type=float, default=10, help="minutes between checks by generation")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    training = Training(args)
    if args.export_only:
        export(training.model, training.tok, args.export)
        write_samples(os.path.join(args.export, "samples.jsonl"), training.tok)
    else:
        training.run()
