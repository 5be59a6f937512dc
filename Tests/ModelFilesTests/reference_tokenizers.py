"""What PyPI's `tokenizers` makes of many strings, for the tests to compare with.

    python reference_tokenizers.py MODEL.gguf OUT

Builds a tokenizer.json of each family's pipeline from the model's own vocabulary and merges, and encodes strings of many
scripts, drawn from a fixed seed.
"""

import json
import random
import struct
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def metadata(path):
    """The metadata of a GGUF file, read apart from the Swift that is tested."""
    with open(path, "rb") as file:

        def number(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))[0]

        def value(kind):
            if kind == 8:
                return file.read(number("Q")).decode()
            if kind == 9:
                kind, count = number("I"), number("Q")
                return [value(kind) for _ in range(count)]
            return number(FORMATS[kind])

        assert file.read(4) == b"GGUF"
        number("I"), number("Q")
        return {value(8): value(number("I")) for _ in range(number("Q"))}


def pipelines(vocabulary, merges, specials):
    def byte_level(use_regex):
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)

    def split(digits):
        return pre_tokenizers.Split(Regex(WORDS + digits + REST), "isolated")

    families = {
        "gpt2": ({}, None, byte_level(True)),
        "smollm": ({}, None, pre_tokenizers.Sequence([pre_tokenizers.Digits(True), byte_level(True)])),
        "llama3": (
            {"ignore_merges": True}, None, pre_tokenizers.Sequence([split(r"\p{N}{1,3}"), byte_level(False)])),
        "qwen2": ({}, normalizers.NFC(), pre_tokenizers.Sequence([split(r"\p{N}"), byte_level(False)])),
    }
    for name, (options, normalizer, cut) in families.items():
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, **options))
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = cut
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
        tokenizer.add_tokens(
            [
                AddedToken("<think>", normalized=False),
                AddedToken("</think>", normalized=False),
                AddedToken("<mask>", normalized=False, lstrip=True, rstrip=True),
                AddedToken("Café", normalized=True),
                AddedToken("<thi", normalized=False),
            ])
        if name == "llama3":
            tokenizer.post_processor = processors.TemplateProcessing(
                single=f"{specials[1]} $A", special_tokens=[(specials[1], 1)])
        yield name, tokenizer


def span(*ranges):
    return [chr(c) for first, last in ranges for c in range(first, last + 1)]


# Only characters that all Unicode versions in use define, since the two libraries may use different versions.
SCRIPTS = {
    "latin": span((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0x100, 0x17F), (0x1E00, 0x1EFF)),
    "english": list("etaoinshrdlu etaoinshrdlu ETAOIN  .,'"),
    "cyrillic": span((0x410, 0x44F)) + [" "],
    "greek": span((0x391, 0x3A1), (0x3A3, 0x3C9), (0x1F00, 0x1F15)) + [" "],
    "arabic": span((0x621, 0x63A), (0x641, 0x652), (0x660, 0x669)) + [" "],
    "hebrew": span((0x5B0, 0x5BD), (0x5D0, 0x5EA)) + [" "],
    "devanagari": span((0x901, 0x903), (0x905, 0x939), (0x93C, 0x94D), (0x958, 0x95F), (0x966, 0x96F)) + [" "],
    "thai": span((0xE01, 0xE3A), (0xE40, 0xE59)),
    "cjk": span((0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x4FFF), (0xF900, 0xF920), (0x3001, 0x3003)),
    "hangul": span((0xAC00, 0xAD00), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)),
    "emoji": list("👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈❤️☕🇩🇪‍\ufe0f🏿😀"),
    "combining": list("aeiouAEIOUncsſ") + span((0x300, 0x32F), (0x340, 0x345), (0x1DC0, 0x1DC5)),
    "space": list(" \t\n\r  \u000b\u000c\u0085\u00a0\u1680\u2000\u2003\u2009\u2028\u2029\u202f\u205f\u3000\u200b\ufeffab1."),
    "control": span((0x00, 0x1F), (0x7F, 0x9F), (0x200B, 0x200F), (0x202A, 0x202E), (0xFFF9, 0xFFFD)) + ["x"],
    "digits": list("0123456789٠١٢۳۴०१२๑๒０１２²³¼Ⅷⅻ①〇𝟘𝟙") + [" ", ".", ","],
    "code": list("abcxyz_ABC0123456789(){}[];:,.<>=+-*/%&|^!~\"'`#@\\$?  \n\n\t    "),
    "symbols": list("€£¥§¶†‡•…‰™©®←↑→↓∀∂∃∅∇∈∑√∞≈≠≤≥■▲●◆♠♣♥♦ ") + list("𝒜𝒷𝔸𐍈𐎀"),
    "contractions": ["'s", "'S", "'t", "'T", "'re", "'RE", "'rE", "'ve", "'m", "'ll", "'Ll", "'d", "'ſ", "'l", "'", "a", " ", "1"],
    "newlines": ["\n", "\r", "\r\n", " ", "  ", "\t", "a", ".", "1", "\n\n"],
}
SPECIALS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_", "<think>", "</think>", "<thi", "<mask>", " <mask> ", "Café", "Cafe\u0301"]


def texts(count):
    draw = random.Random(20240607)
    names = sorted(SCRIPTS)
    everything = [c for name in names for c in SCRIPTS[name]]
    for index in range(count):
        if index % 10 == 0:
            alphabet = everything
        elif index % 10 == 1:
            alphabet = SPECIALS + SCRIPTS[draw.choice(names)][:12]
        else:
            alphabet = SCRIPTS[names[index % len(names)]]
        length = min(int(draw.expovariate(1 / 9)) + 1, 60)
        text = "".join(draw.choice(alphabet) for _ in range(length))
        if index % 97 == 0:
            text = draw.choice(alphabet) * draw.randrange(50, 300)
        yield text


def main():
    values = metadata(sys.argv[1])
    tokens, types = values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in values["tokenizer.ggml.merges"]]
    specials = [token for token, kind in zip(tokens, types) if kind == 3]
    strings = list(texts(10_000))
    strings += ["", "x" * 4_000, " " * 2_000, "ab" * 2_000, "\n \n" * 500, "'" * 500, "7" * 500]
    with open(f"{sys.argv[2]}/texts.json", "w") as file:
        json.dump(strings, file)
    for name, tokenizer in pipelines({token: id for id, token in enumerate(tokens)}, merges, specials):
        tokenizer.save(f"{sys.argv[2]}/{name}.json")
        for parses in [False, True]:
            tokenizer.encode_special_tokens = not parses
            found = tokenizer.encode_batch(strings, add_special_tokens=False)
            with open(f"{sys.argv[2]}/{name}.{'special' if parses else 'plain'}.json", "w") as file:
                json.dump([encoding.ids for encoding in found], file)


main()
