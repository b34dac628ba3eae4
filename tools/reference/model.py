"""Tokenizer and shape of the reference model; loading and saving in the Hugging Face layout."""
import os
import random

import torch
from safetensors.torch import load_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

import notes

PAD, EOS, UNK = 0, 1, 2
MAX_INPUT, MAX_ANSWER = 160, 80
# The library shares the head with the embedding in any case; tie_word_embeddings=False only says that the logits are not scaled (T5 v1.1).
SHAPE = dict(d_model=192, d_kv=32, num_heads=6, d_ff=512, num_layers=4, num_decoder_layers=2, relative_attention_num_buckets=32,
             relative_attention_max_distance=128, feed_forward_proj="gated-gelu", tie_word_embeddings=False, dropout_rate=0.0,
             pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD)
LETTERS = "".join(map(chr, range(33, 127))) + "\n\t" + "".join(map(chr, range(0xC0, 0x180))) + "£€°±µ§«»¿¡–—‘’“”•×÷"


def train_tokenizer(size=944, samples=40000):
    """Unigram with single digits; each label of the answer, with the line break before it, is one token."""
    rng = random.Random(20)
    tok = Tokenizer(models.Unigram())
    tok.normalizer = normalizers.NFKC()
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always"),
                                                 pre_tokenizers.Digits(individual_digits=True)])
    tok.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    labels = ["%s:" % f if i == 0 else "\n%s:" % f for fields in (notes.CLINICAL_FIELDS, notes.BANK_FIELDS) for i, f in enumerate(fields)]

    def corpus():
        for _ in range(samples):
            text, answer, _ = notes.make(rng)
            yield text
            for line in answer.split("\n"):
                yield line.split(": ", 1)[1]

    tok.train_from_iterator(corpus(), trainers.UnigramTrainer(vocab_size=size, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>",
                                                             initial_alphabet=list(LETTERS), max_piece_length=12, show_progress=False))
    tok.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", EOS)])
    tok.add_tokens([AddedToken(label, normalized=False, special=False) for label in labels])
    return tok


def save_tokenizer(tok, folder):
    PreTrainedTokenizerFast(tokenizer_object=tok, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=512,
                            clean_up_tokenization_spaces=False).save_pretrained(folder)


def load_tokenizer(folder):
    return Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))


class RmsNorm(torch.nn.Module):
    """What the library's layer norm computes, in one call."""

    def __init__(self, weight, eps):
        super().__init__()
        self.weight, self.variance_epsilon = weight, eps

    def forward(self, x):
        return torch.nn.functional.rms_norm(x, x.shape[-1:], self.weight, self.variance_epsilon)


def speed_up(model):
    """Swaps the slow element-wise parts for equal fused ones; names of weights stay."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child).__name__ == "T5LayerNorm":
                setattr(module, name, RmsNorm(child.weight, child.variance_epsilon))
            elif type(child).__name__ == "NewGELUActivation":
                setattr(module, name, torch.nn.GELU(approximate="tanh"))
    return model


def new_model(vocab, seed=1):
    """A model that copies from the start. To copy a word is to find what follows, in the note, the piece written last. Training from noise
    takes thousands of steps to find that circuit, so it is put in by hand, on axes of the hidden space, and training goes on from there:
    0-95 what to write next, 96-127 the token to match, 160-191 the token before (encoder), empty in the embedding. All stays trainable.
    """
    torch.manual_seed(seed)
    model = T5ForConditionalGeneration(T5Config(vocab_size=vocab, **SHAPE))
    eye, out, key, before = torch.eye(32), slice(0, 96), slice(96, 128), slice(160, 192)
    head = [slice(32 * h, 32 * h + 32) for h in range(SHAPE["num_heads"])]
    rms = (160 / 192) ** 0.5        # of an embedding
    with torch.no_grad():
        model.shared.weight.normal_()
        model.shared.weight[:, before] = 0
        for name, p in model.named_parameters():
            if name.endswith((".o.weight", ".wo.weight")):
                p.mul_(0.5)
                if name.startswith("encoder"):
                    p[before] = 0
        look = model.encoder.block[0].layer[0].SelfAttention            # head 0: one back, into the axes `before`
        look.relative_attention_bias.weight[1, 0] = 8
        look.relative_attention_bias.weight[2, 1] += 4
        look.relative_attention_bias.weight[17, 2] += 4
        look.q.weight[head[0]] = 0
        look.v.weight[head[0]] = 0
        look.v.weight[head[0], key] = eye
        look.o.weight[:, head[0]] = 0
        look.o.weight[before, head[0]] = 1.5 * eye
        own = model.decoder.block[0].layer[0].SelfAttention             # heads 0-2: take the own token out of the axes `out`
        own.relative_attention_bias.weight[1, 3] += 4
        cross = model.decoder.block[0].layer[1].EncDecAttention         # heads 0-2: where the token before is the own token, copy
        for h in range(3):
            axes = slice(32 * h, 32 * h + 32)
            own.relative_attention_bias.weight[0, h] = 6
            for w in (own.q, own.v, cross.q, cross.k, cross.v):
                w.weight[head[h]] = 0
            for w in (own.o, cross.o):
                w.weight[:, head[h]] = 0
            own.v.weight[head[h], axes] = eye
            own.o.weight[axes, head[h]] = -rms * eye
            cross.q.weight[head[h], key] = 0.2 * eye
            cross.k.weight[head[h], before] = eye
            cross.v.weight[head[h], axes] = eye
            cross.o.weight[axes, head[h]] = 1.5 * eye
        model.decoder.final_layer_norm.weight.fill_(0.01)
        model.decoder.final_layer_norm.weight[out] = 0.1
    return model


def export(model, tok, folder):
    """The f16 checkpoint a runtime loads."""
    half = T5ForConditionalGeneration(model.config)
    half.load_state_dict(model.state_dict(), strict=False)
    half = half.to(torch.float16)
    half.generation_config = GenerationConfig(pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD, max_new_tokens=MAX_ANSWER)
    half.save_pretrained(folder)
    save_tokenizer(tok, folder)


def load_exported(folder):
    """The exported weights in f32."""
    model = T5ForConditionalGeneration(T5Config.from_pretrained(folder))
    state = {k: v.float() for k, v in load_file(os.path.join(folder, "model.safetensors")).items()}
    for k in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"):
        state.setdefault(k, state["shared.weight"])
    model.load_state_dict(state)
    return model


@torch.no_grad()
def answer_all(model, tok, texts, batch=100):
    """Greedy answers of many notes at once."""
    model.eval()
    answers, order = [None] * len(texts), sorted(range(len(texts)), key=lambda i: len(texts[i]))
    encoded = [tok.encode(t).ids[:MAX_INPUT] for t in texts]
    for at in range(0, len(order), batch):
        part = order[at:at + batch]
        width = max(len(encoded[i]) for i in part)
        x = torch.tensor([encoded[i] + [PAD] * (width - len(encoded[i])) for i in part])
        out = model.generate(input_ids=x, attention_mask=(x != PAD).long(), max_new_tokens=MAX_ANSWER, do_sample=False, num_beams=1)
        for i, row in zip(part, out.tolist()):
            row = row[1:]
            answers[i] = tok.decode(row[:row.index(EOS)] if EOS in row else [t for t in row if t != PAD], skip_special_tokens=True)
    model.train()
    return answers
