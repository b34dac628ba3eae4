"""Seeded generator of short clinical notes and bank messages with the structured lines a model shall answer.

    notes.py [--seed 1] [--count 5] [--shapes train|held] [--values train|held] [--stats]
    notes.py --calibration FILE      # 2500 notes, a tenth with unseen shapes, a tenth with unseen values

A note is a few sentences, each drawn from a shape (see templates_clinical.py, templates_bank.py) and filled with values (values.py).
Every tenth shape is held out, and so is a part of all values. The answer has one line per field, in a fixed order.
"""
import argparse
import functools
import json
import random

import templates_bank as bank
import templates_clinical as clinical
from values import DAYS, HELD, MONTHS, TRAIN, Values

CLINICAL_FIELDS = ("reason", "since", "vitals", "medication", "allergy", "tests", "follow-up")
BANK_FIELDS = ("intent", "amount", "party", "card", "date", "urgency")
FREQUENCIES = ("daily", "once daily", "twice daily", "bid", "tid", "at night", "prn", "three times a day", "every 8 hours", "in the morning",
               "twice a day", "weekly", "every 6 hours", "as needed", "with meals")


@functools.lru_cache(None)
def parse(text):
    """A shape as nodes: str, ("slot", name) or ("alt", [nodes, ...])."""
    def sequence(i, closing):
        branches, nodes, literal = [], [], ""
        while i < len(text) or not closing:
            c = text[i] if i < len(text) else ""
            if c in ("", "]", "|", "[", "{") and literal:
                nodes, literal = nodes + [literal], ""
            if c == "":
                break
            if c == "[":
                inner, i = sequence(i + 1, True)
                nodes.append(("alt", inner))
            elif c == "{":
                end = text.index("}", i)
                nodes.append(("slot", text[i + 1:end]))
                i = end
            elif c == "|" and closing:
                branches, nodes = branches + [nodes], []
            elif c == "]" and closing:
                return branches + [nodes], i
            else:
                literal += c
            i += 1
        return branches + [nodes], i
    return sequence(0, False)[0][0]


def shapes(block):
    """(seen, held) shapes of a block of lines; each a pair (nodes, fixed answers)."""
    seen, held = [], []
    for i, line in enumerate(line for line in block.strip().splitlines() if line):
        text, _, fixed = line.partition(" => ")
        item = (parse(text), dict([fixed.split("=")]) if fixed else {})
        (held if i % 10 == 5 else seen).append(item)
    return seen, held


CLINICAL = {k: shapes(b) for k, b in dict(reason=clinical.REASON, since=clinical.SINCE, vitals=clinical.VITALS, medication=clinical.MEDICATION,
                                          allergy=clinical.ALLERGY, tests=clinical.TESTS, follow=clinical.FOLLOW_UP, other=clinical.OTHER).items()}
INTENTS = {k: (v[0], shapes(v[1])) for k, v in bank.INTENTS.items()}
BANK = {k: shapes(b) for k, b in dict(bank.EXTRA, urgency=bank.URGENCY, other=bank.OTHER).items()}
KNOWN_TESTS = {name.split()[0] for pool in (TRAIN, HELD) for name in pool["test"] + pool["test_num"]}
LETTER = dict(amount="a", party="p", card="c", date="d")


class Note:
    """One note in the making: draws values, keeps what the answer must say."""

    def __init__(self, rng, held_shapes, held_values):
        self.rng, self.v = rng, Values(rng, held_values)
        self.held_shapes, self.answer, self.lower, self.typos = held_shapes, {}, rng.random() < 0.1, rng.random() < 0.08

    def draw(self, pair):
        """A shape; when held shapes are wanted, a held one wherever the block has any."""
        seen, held = pair
        return self.rng.choice(held if self.held_shapes and held else seen)

    def sentence(self, pair):
        nodes, fixed = self.draw(pair)
        text = self.render(nodes)
        self.answer.update(fixed)
        if isinstance(nodes[0], str) or nodes[0][0] == "alt" or (nodes[0][1] == "reason" and not self.lower and self.answer["reason"].split()[0].isalpha()
                                                                 and self.rng.random() < 0.4):
            text = text if self.lower else text[:1].upper() + text[1:]
        elif nodes[0][1] == "t" and not self.lower and len(text) % 3 and text.split()[0] in KNOWN_TESTS:
            text = text[:1].upper() + text[1:]
        return text

    def render(self, nodes):
        return "".join(self.literal(n) if isinstance(n, str) else self.render(self.rng.choice(n[1])) if n[0] == "alt" else self.slot(n[1]) for n in nodes)

    def literal(self, text):
        if self.lower:
            text = text.lower()
        if self.typos and len(text) > 12 and self.rng.random() < 0.3:
            i = self.rng.randrange(3, len(text) - 3)
            if text[i:i + 2].isalpha():
                text = text[:i] + text[i + 1] + text[i] + text[i + 2:]
        return text

    def slot(self, name):
        rng, v = self.rng, self.v
        if name[0] == "x":
            return {"xname": v.name, "xlast": lambda: v.name().split()[1], "xage": lambda: str(v.number(18, 95)), "xsymptom": v.symptom, "xdrug": v.drug,
                    "xcity": lambda: v.pick("city"), "xyear": lambda: str(rng.randint(1985, 2025)), "xn": lambda: v.count(2, 12)}[name]()
        field, text, answer = getattr(self, "slot_" + name)()
        self.answer[field] = self.answer[field] + ", " + answer if field == "follow-up" and field in self.answer else answer
        return text

    def slot_reason(self):
        text = self.v.symptom()
        return "reason", text, text

    def slot_for(self):
        text = self.v.duration()
        return "since", text, text

    def slot_at(self):
        text = self.v.moment()
        return "since", text, text

    def slot_amount(self):
        text = self.v.amount()
        return "amount", text, text

    def slot_party(self):
        text = self.v.party()
        return "party", text, text

    def slot_card(self):
        text = self.v.card()
        return "card", text, text

    def slot_date(self):
        text = self.v.date()
        return "date", text, text

    def slot_in(self):
        text = self.v.count() + " " + self.rng.choice(("days", "weeks", "weeks", "months")) if self.rng.random() < 0.9 else self.rng.choice(("a week", "a month"))
        return "follow-up", text, text

    def slot_on(self):
        rng = self.rng
        text = rng.choice(DAYS) if rng.random() < 0.5 else f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"
        return "follow-up", text, text

    def slot_dept(self):
        text = self.v.pick("dept")
        return "follow-up", text, text.removeprefix("the ")

    def vital(self, prose):
        rng, n = self.rng, self.v.number
        kind = rng.choice(("BP", "BP", "HR", "HR", "T", "SpO2", "RR"))
        if kind == "BP":
            s = n(90, 199)
            d = n(45, min(115, s - 15))
            return kind, rng.choice(("a blood pressure of", "blood pressure", "BP") if prose else ("BP", "BP", "bp", "blood pressure")) + " " + \
                (f"{s}/{d}" if rng.random() < 0.75 else f"{s} over {d}"), f"BP {s}/{d}"
        if kind == "HR":
            x = n(45, 160)
            return kind, rng.choice(("a heart rate of", "a pulse of", "heart rate") if prose else ("HR", "HR", "pulse", "P", "heart rate")) + f" {x}" + rng.choice(("", "", " bpm")), f"HR {x}"
        if kind == "T":
            x = f"{n(35, 40)}.{n(0, 9)}" if rng.random() < 0.8 else f"{n(96, 104)}.{n(0, 9)}"
            return kind, rng.choice(("a temperature of", "temperature") if prose else ("T", "temp", "Temp", "temperature")) + f" {x}" + rng.choice(("", "", " C" if x[0] in "34" else " F", " degrees")), f"T {x}"
        if kind == "SpO2":
            x = n(80, 100)
            return kind, rng.choice(("a saturation of", "oxygen saturation") if prose else ("SpO2", "sats", "O2 sat", "sat")) + f" {x}%" + rng.choice(("", "", " on air")), f"SpO2 {x}%"
        x = n(10, 34)
        return kind, rng.choice(("a respiratory rate of", "respiratory rate") if prose else ("RR", "resp", "resp rate")) + f" {x}", f"RR {x}"

    def join(self, texts, prose):
        if len(texts) == 1:
            return texts[0]
        return ", ".join(texts[:-1]) + (self.rng.choice((" and ", " and ", ", ")) if prose else self.rng.choice((", ", ", ", "; ", " "))) + texts[-1]

    def vitals(self, prose):
        found = {}
        for _ in range(self.rng.choice((1, 1, 2, 2, 3))):
            kind, text, answer = self.vital(prose)
            found.setdefault(kind, (text, answer))
        return "vitals", self.join([t for t, _ in found.values()], prose), ", ".join(a for _, a in found.values())

    slot_v = functools.partialmethod(vitals, False)
    slot_vp = functools.partialmethod(vitals, True)

    def medicines(self, count):
        rng, texts, answers = self.rng, [], []
        for _ in range(count):
            drug, often = self.v.drug(), rng.choice(FREQUENCIES) if rng.random() < 0.7 else ""
            number = str(rng.choice((5, 10, 20, 25, 40, 50, 75, 80, 100, 200, 250, 400, 500, 850))) if rng.random() < 0.5 and not self.v.held else str(self.v.number(2, 990))
            unit, r = rng.choice(("mg", "mg", "mg", "mcg", "ml", "units")), rng.random()
            if r < 0.12:
                parts, answer = [drug, often], [drug, often]
            elif r < 0.22:
                parts, answer = [number + " " + unit + " of " + drug, often], [drug, number, unit, often]
            else:
                parts, answer = [drug, number + (unit if rng.random() < 0.25 else " " + unit), often], [drug, number, unit, often]
            texts.append(" ".join(p for p in parts if p))
            answers.append(" ".join(p for p in answer if p))
        text = texts[0] if count == 1 else texts[0] + rng.choice((", ", ", ", " and ", " and ", "; ", " plus ")) + texts[1]
        return "medication", text, ", ".join(answers)

    def slot_m(self):
        return self.medicines(1 if self.rng.random() < 0.65 else 2)

    slot_m1 = functools.partialmethod(medicines, 1)

    def slot_al(self):
        items = list(dict.fromkeys(self.v.allergen() for _ in range(1 if self.rng.random() < 0.75 else 2)))
        return "allergy", self.rng.choice((" and ", ", ")).join(items), ", ".join(items)

    def slot_t(self):
        rng, texts, answers = self.rng, [], []
        for _ in range(rng.choice((1, 1, 1, 2))):
            if rng.random() < 0.5:
                name, value = self.v.pick("test_num"), str(self.v.number(2, 400)) if rng.random() < 0.7 else f"{self.v.number(1, 19)}.{rng.randint(0, 9)}"
                link = rng.choice((" ", " ", " of ", " was ", ": "))
            else:
                name, value = self.v.pick("test") if rng.random() < 0.8 else self.v.word() + " test", rng.choice(self.v.pool["result"])
                link = rng.choice((" ", " ", " was ", " is ", ": "))
            texts.append(name + link + value)
            answers.append(name + " " + value)
        return "tests", self.join(texts, True), ", ".join(answers)

    def slot_to(self):
        items = list(dict.fromkeys(self.v.pick("test") if self.rng.random() < 0.7 else self.v.pick("test_num") for _ in range(self.rng.choice((1, 1, 2)))))
        return "tests", " and ".join(items), ", ".join(i + " ordered" for i in items)


def clinical_note(note, size):
    rng = note.rng
    first = note.sentence(CLINICAL["reason"])
    rest = []
    kinds = ["vitals", "medication", "allergy", "tests", "follow"]
    if "since" not in note.answer and rng.random() < 0.4:
        rest.append("since")
    rest += rng.sample(kinds, min(len(kinds), size)) + ["other"] * (rng.random() < 0.35) + ["other"] * (rng.random() < 0.15)
    rng.shuffle(rest)
    lines = [note.sentence(CLINICAL[k]) for k in rest]
    place = 0 if rng.random() < 0.75 else rng.randint(0, len(lines))
    return lines[:place] + [first] + lines[place:]


def bank_note(note, size):
    rng = note.rng
    intent = rng.choice(list(INTENTS))
    extra, pair = INTENTS[intent]
    note.answer["intent"] = intent
    first = note.sentence(pair)
    kinds = [k for k in BANK if LETTER.get(k, "") and LETTER[k] in extra and k not in note.answer]
    rest = rng.sample(kinds, min(len(kinds), rng.choice((0, 1, size)))) + ["urgency"] * (rng.random() < 0.35) + ["other"] * (rng.random() < 0.5) + ["other"] * (rng.random() < 0.3)
    rng.shuffle(rest)
    lines = [note.sentence(BANK[k]) for k in rest]
    place = 0 if rng.random() < 0.6 else rng.randint(0, len(lines))
    return lines[:place] + [first] + lines[place:]


def make(rng, held_shapes=False, held_values=False, size=None, kind=None):
    """(note, answer, kind). `size` bounds the sentences that carry fields beside the first; None draws it."""
    note = Note(rng, held_shapes, held_values)
    kind = kind or rng.choice(("clinical", "bank"))
    size = rng.choice((1, 1, 2, 2, 3, 3, 4)) if size is None else size
    lines = (clinical_note if kind == "clinical" else bank_note)(note, size)
    r = rng.random()
    separator = "\n" if r < 0.06 else "; " if r < 0.10 and kind == "clinical" else ", " if r < 0.12 and kind == "clinical" else None
    if separator:
        text = separator.join(lines)
    else:
        text = " ".join(line if line[-1] in ".?!" else line + rng.choice(("..." if kind == "bank" and rng.random() < 0.05 else ".", ".", ".", ".", "!" if kind == "bank" else ".")) for line in lines)
        if text[-1] == "." and rng.random() < 0.1:
            text = text[:-1]
    fields = CLINICAL_FIELDS if kind == "clinical" else BANK_FIELDS
    return text, "\n".join(f"{f}: {note.answer[f]}" for f in fields if f in note.answer), kind


def template_counts():
    blocks = list(CLINICAL.values()) + [p for _, p in INTENTS.values()] + list(BANK.values())
    return sum(len(s) for s, _ in blocks), sum(len(h) for _, h in blocks)


def write_calibration(path, count=2500):
    """Different notes with their answers, from a seed that neither training nor evaluation uses."""
    rng, written = random.Random(900100), set()
    with open(path, "w", encoding="utf-8") as out:
        while len(written) < count:
            r = rng.random()
            text, answer, _ = make(rng, held_shapes=r < 0.1, held_values=0.1 <= r < 0.2)
            if text not in written:
                written.add(text)
                out.write(json.dumps(dict(note=text, answer=answer), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=5)
    p.add_argument("--shapes", choices=("train", "held"), default="train")
    p.add_argument("--values", choices=("train", "held"), default="train")
    p.add_argument("--stats", action="store_true", help="only print the number of sentence shapes, seen and held out")
    p.add_argument("--calibration", metavar="FILE", help="only write the notes that calibrate the codec to this file")
    a = p.parse_args()
    if a.calibration:
        write_calibration(a.calibration)
    elif a.stats:
        print("sentence shapes: %d seen, %d held out" % template_counts())
    else:
        r = random.Random(a.seed)
        for _ in range(a.count):
            text, answer, kind = make(r, a.shapes == "held", a.values == "held")
            print(json.dumps(dict(kind=kind, note=text, answer=answer), ensure_ascii=False))
