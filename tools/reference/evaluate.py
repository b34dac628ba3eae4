"""Share of fields that a model answers exactly, by greedy generation on notes that training never saw.

    evaluate.py FOLDER [--count 500] [--samples FILE]
"""
import argparse
import collections
import json
import os
import random

import torch

import notes
from model import MAX_ANSWER, MAX_INPUT, answer_all, load_exported, load_tokenizer

SETS = dict(held_out=(False, False, 900001), unseen_values=(False, True, 900002), unseen_shapes=(True, False, 900003))


def held_out(tok, name, count, kind=None):
    """`count` notes of one of SETS, of both kinds in turn unless one is given."""
    held_shapes, held_values, seed = SETS[name]
    rng, found = random.Random(seed), []
    while len(found) < count:
        text, answer, k = notes.make(rng, held_shapes, held_values, kind=kind or ("clinical", "bank")[len(found) % 2])
        if len(tok.encode(text).ids) <= MAX_INPUT and len(tok.encode(answer).ids) <= MAX_ANSWER:
            found.append((text, answer, k))
    return found


def fields(answer):
    return dict(line.split(": ", 1) for line in answer.split("\n") if ": " in line)


def score(gold, answers):
    """A field counts when it is expected or answered; it is right when both are the same text."""
    per, whole = collections.defaultdict(lambda: [0, 0]), 0
    for (_, want, _), got in zip(gold, answers):
        w, g = fields(want), fields(got)
        whole += w == g
        for name in set(w) | set(g):
            per[name][0] += w.get(name) == g.get(name)
            per[name][1] += 1
    right, total = (sum(v[i] for v in per.values()) for i in (0, 1))
    return dict(fields=right / max(total, 1), notes=whole / len(gold), per={k: (v[0] / v[1], v[1]) for k, v in per.items()})


def write_samples(path, tok):
    with open(path, "w", encoding="utf-8") as out:
        for kind in ("clinical", "bank"):
            for text, answer, _ in held_out(tok, "held_out", 20, kind):
                out.write(json.dumps(dict(kind=kind, note=text, answer=answer), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--count", type=int, default=500)
    p.add_argument("--samples", help="only write 40 gold notes to this file")
    p.add_argument("--errors", type=int, default=0, help="print so many wrong answers of each set")
    a = p.parse_args()
    torch.set_num_threads(2)
    tok = load_tokenizer(a.folder)
    if a.samples:
        write_samples(a.samples, tok)
        raise SystemExit
    model, result = load_exported(a.folder), {}
    for name in SETS:
        gold = held_out(tok, name, a.count)
        answers = answer_all(model, tok, [g[0] for g in gold])
        result[name] = s = score(gold, answers)
        for kind in ("clinical", "bank"):
            part = [i for i, g in enumerate(gold) if g[2] == kind]
            s[kind] = score([gold[i] for i in part], [answers[i] for i in part])["fields"]
        print(f"{name:14s} fields {s['fields']:.3f} (clinical {s['clinical']:.3f}, bank {s['bank']:.3f})  whole notes {s['notes']:.3f}", flush=True)
        for g, x in [(g, x) for g, x in zip(gold, answers) if g[1] != x][:a.errors]:
            print(json.dumps(dict(note=g[0], want=g[1], got=x), ensure_ascii=False))
    print("\n| field | " + " | ".join(SETS) + " |\n|---" * 1 + "|---" * len(SETS) + "|")
    for f in notes.CLINICAL_FIELDS + notes.BANK_FIELDS:
        print(f"| {f} | " + " | ".join("%.3f (%d)" % result[n]["per"].get(f, (0, 0)) for n in SETS) + " |")
