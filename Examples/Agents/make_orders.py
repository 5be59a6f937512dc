"""Writes orders.jsonl: the orders that the world `orders` generates with seed 1, with the splits of `cox demo`.

The numbers come from the same generator (SplitMix64, split by name), so order-1-200 is the same order in both.
"""
import json
import math
import os

SPLITS = {"train": range(0, 80), "validation": range(100, 120), "test": range(200, 264)}
LISTED = (3, 4)
FIELDS = {
    "item": "coat scarf dress shirt hat jacket skirt sweater blanket belt bag glove".split(),
    "material": "leather cotton wool silk linen velvet denim fleece nylon rubber".split(),
    "colour": "red blue green black white yellow purple brown grey pink orange".split(),
    "size": "tiny small medium large huge".split(),
    "count": "two three four five six seven eight nine".split(),
}
# The worked orders of the prompt. They are not tasks themselves.
WORKED = [
    ["sweater", "leather", "orange", "large", "seven"],
    ["jacket", "wool", "yellow", "huge", "five"],
    ["skirt", "rubber", "blue", "small", "nine"],
]
REQUESTS = math.prod(map(len, FIELDS.values()))
MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(value):
    """The finaliser of SplitMix64."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def split(seed, label):
    """The seed of the part with this name or number."""
    if isinstance(label, int):
        return mix(mix(seed + GAMMA & MASK) ^ label)
    hashed = 0xCBF29CE484222325
    for byte in label.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 & MASK
    return mix(mix(seed) ^ hashed)


class Generator:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = self.state + GAMMA & MASK
        return mix(self.state) * bound >> 64

    def drawn(self, count, elements):
        """So many elements in random order."""
        pool = list(elements)
        count = min(count, len(pool))
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]


def permuted(seed, place, bound):
    """The image of a place under a permutation of 0 ..< bound: four Feistel rounds, until it is below the bound."""
    half = 1
    while 1 << 2 * half < bound:
        half += 1
    mask = (1 << half) - 1
    keys = [split(split(seed, "permutation"), number) for number in range(4)]
    while True:
        left, right = place >> half, place & mask
        for key in keys:
            left, right = right, left ^ split(key, right) & mask
        place = left << half | right
        if place < bound:
            return place


def request(seed, place):
    """The words at a place of the permutation of all requests."""
    rest, wanted = permuted(seed, place, REQUESTS), []
    for words in FIELDS.values():
        rest, index = divmod(rest, len(words))
        wanted.append(words[index])
    return wanted


def order(number, seed=1):
    """What is wanted and what is listed, field by field."""
    wanted = request(seed, number)
    if wanted in WORKED:
        # A worked order's number names a request that no number reaches otherwise.
        unnumbered = [request(seed, place) for place in range(REQUESTS - len(WORKED), REQUESTS)]
        replaced = [words for words in WORKED if words not in unnumbered]
        wanted = [words for words in unnumbered if words not in WORKED][replaced.index(wanted)]
    generator = Generator(split(split(seed, "order"), number))
    listed = []
    for words, word in zip(FIELDS.values(), wanted):
        size = min(LISTED[0] + generator.below(LISTED[1] - LISTED[0] + 1), len(words))
        others = generator.drawn(size - 1, [other for other in words if other != word])
        listed.append(generator.drawn(size, [word] + others))
    return wanted, listed


def main():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "orders.jsonl"), "w") as file:
        for name, numbers in SPLITS.items():
            for number in numbers:
                wanted, listed = order(number)
                line = {
                    "id": f"order-1-{number}", "split": name, "maximalReward": 1,
                    "input": "I want " + " ".join(reversed(wanted)), "wanted": wanted, "listed": listed,
                }
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
