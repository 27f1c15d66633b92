"""Sentences to be synthesised: corpus texts, a template grammar and phrases chosen for rare phone pairs."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from tutor.paths import assets_dir

Pronunciations = dict[str, list[tuple[str, ...]]]

# Function words: often reduced, and kept in their own spelling for the sake of accents and phrasing.
FUNCTION_WORDS = """
a am an and are as at be been but by can could do for from had has have he her him his i if in into is
it its me my no not of on or our out she should so some than that the their them then there they this to
up us was we were what when which who will with would you your
"""
# The template grammar's words: nouns, names, adjectives, verbs in the past, base verbs, adverbs, places.
SLOTS = {
    "N": """
apple bird boat book boy box bridge brother bush butcher cake car cat chair cheese child church city
clock cloth cloud coat coin cook cow cup daughter day dog door dress driver engine eye father feather
finger fish flower foot friend garage garden girl glove goat hat heart hill hook horse house judge
jungle key kitchen knife lake lamp leaf lemon letter light lion mirror moon mother mountain mouse mouth
neighbor nose ocean onion orange oven page path pencil picture pillow pocket pool queen question rabbit
river road roof rose school sheep ship shirt shoe shoulder singer sister snake soldier song spoon square
star stone store stove street sugar sun table teacher television thief thing thumb tiger tooth towel
tower town toy tree truth uncle valley van vegetable village voice wall watch weather wheel whistle
window wolf woman wood worm yard year zebra zoo treasure beige vision measure usher thread throat
thunder method author birthday earth healthy nothing breath cough laugh language finger anger hunger
tongue youth wing king ring spring crowd mountain powder noise poison oyster point
""",
    "N2": """
tom anna george peter mary joyce roy lucy jack laura thomas ruth keith heather joan joseph charlotte
hugh betty victor wendy yvonne nathan arthur jean zoe oscar henry matthew susan
""",
    "A": """
angry bad beautiful big black blue brave bright broken brown careful cheap clean clever cold cool dark
dirty dry early easy empty famous fast foolish fresh full funny gentle golden good gray green happy hard
heavy hot huge jealous kind large lazy little long loud lovely new nice noisy old pink polite poor
pretty proud pure quick quiet red rich round rough royal sad sharp short shy silver simple slow small
smooth soft sour strange strong sweet tall thick thin thirsty tiny tough ugly usual vague warm weak
weird wet white whole wild wise wooden wrong yellow young other worthy southern northern smooth loyal
annoying moist casual visual unusual curious various
""",
    "V": """
bought brought broke built called carried caught changed chased checked chose cleaned climbed closed
cooked counted covered cut destroyed drew dropped enjoyed fetched filled finished fixed followed forgot
found gave guarded heard helped hid hit joined judged kept kicked kissed knew left lifted liked lost
loved made measured met missed moved needed noticed opened painted pulled pushed put raised reached
remembered saw sent shook showed sold stole took touched tried used visited wanted warned washed watched
wished wrote bathed breathed threw thought avoided employed pointed announced doubted allowed covered
proved
""",
    "V0": """
ask bring buy carry catch change choose clean close cook cover draw enjoy find fix follow forget give
help hide join judge keep kick leave lift like lose love make measure miss move need notice open paint
pull push reach remember see sell send shake show steal take teach think throw touch use visit watch
wear wash write breathe bathe
""",
    "D": """
again already always carefully early easily finally gently happily here late loudly never now often
quickly quietly rarely slowly sometimes soon suddenly there today together tomorrow tonight usually well
yesterday
""",
    "P": """
at home|in the garden|near the river|on the bridge|under the table|behind the house|beside the road|
in the city|at the station|on the mountain|by the fire|in the south|in the north|at school|
in the kitchen|over the wall|across the valley|outside the shop|inside the box|around the corner|
on the beach|in the woods|through the window|for an hour|before breakfast|after the game|
during the evening|every other Thursday|with my father|without her
""",
}
TEMPLATES = """
the A N V the N|the N V a A N P|N2 V the A N D|did you V0 the A N|why is the N so A|this A N is very A|
N2 and N2 V the N P|my N was A and A|there is a A N P|i V it D|we D V the N|she V her A N P|
he V his N D|they V those A N s P|where is the A N|which N is A|please V0 the A N|the N P is A|
i think the N is too A|is that your A N|have you ever seen a A N|would you like another N|
the A A N V N2|N2 V me a A N|it was a A day and the N was A|what a A N|not this N that N|a A N|the A N|
a A N P|A A A N|N2 is A|D|can you hear the N P|how much is the A N|nothing is as A as a N|
i usually V0 the N P|let us V0 the N together
"""


@dataclass(frozen=True)
class Sources:
    """Texts to draw from, upper case words, all in the dictionary."""

    learner_sentences: tuple[tuple[str, ...], ...]
    prompts: tuple[tuple[str, ...], ...]
    vocabulary: tuple[str, ...]
    rarity: np.ndarray


def load_pronunciations() -> Pronunciations:
    """CMUdict by upper case word; variants in the dictionary's order."""
    result: Pronunciations = {}
    for line in (assets_dir() / "lexicon" / "cmudict.txt").read_text("utf-8").splitlines():
        word, *phones = line.split()
        result.setdefault(word.upper(), []).append(tuple(phones))
    return result


def load_sources(corpus_dir: Path, pronunciations: Pronunciations) -> Sources:
    """The corpora's texts (none where one is missing) and a vocabulary weighted towards rare phone pairs."""
    learners: list[tuple[str, ...]] = []
    prompts: list[tuple[str, ...]] = []
    labels = corpus_dir / "speechocean762" / "labels.json"
    if labels.exists():
        learners = [split_words(entry["text"]) for entry in json.loads(labels.read_text("utf-8")).values()]
    transcripts = corpus_dir / "kathleen" / "transcripts.json"
    if transcripts.exists():
        prompts = [split_words(text) for text in json.loads(transcripts.read_text("utf-8")).values()]
    learners = [words for words in learners if all(word in pronunciations for word in words)]
    prompts = [
        words for words in prompts if len(words) <= 14 and all(word in pronunciations for word in words)
    ]
    words = {word for sentence in learners + prompts for word in sentence}
    words |= {word for slot in ("N", "N2", "A", "V", "V0") for word in split_words(SLOTS[slot])}
    vocabulary = sorted(word for word in words if word in pronunciations)
    pairs = {word: _phone_pairs(pronunciations[word][0]) for word in vocabulary}
    counts = Counter(pair for found in pairs.values() for pair in found)
    rarity = np.array([np.mean([1 / counts[pair] for pair in pairs[word]]) + 0.01 for word in vocabulary])
    return Sources(
        tuple(sorted(learners)), tuple(sorted(set(prompts))), tuple(vocabulary), rarity / rarity.sum()
    )


def split_words(text: str) -> tuple[str, ...]:
    """Upper case words of a text, apostrophes kept inside."""
    return tuple(re.findall(r"[A-Z]+(?:'[A-Z]+)*", text.upper().replace("’", "'")))


def draw_sentence(
    sources: Sources, pronunciations: Pronunciations, rng: np.random.Generator
) -> tuple[str, ...]:
    """One text: a learner corpus sentence, a prompt, a template, a word or a phrase of rare phone pairs."""
    kind = rng.random()
    if kind < 0.30 and sources.learner_sentences:
        return sources.learner_sentences[rng.integers(len(sources.learner_sentences))]
    if kind < 0.45 and sources.prompts:
        return sources.prompts[rng.integers(len(sources.prompts))]
    if kind < 0.72:
        sentence = fill_template(rng)
        if all(word in pronunciations for word in sentence):
            return sentence
    count = int(rng.choice([1, 1, 2, 3, 4, 5, 6]))
    picked = rng.choice(len(sources.vocabulary), count, p=sources.rarity)
    return tuple(sources.vocabulary[i] for i in picked)


def fill_template(rng: np.random.Generator) -> tuple[str, ...]:
    """A sentence of the template grammar."""
    templates = TEMPLATES.split("|")
    words: list[str] = []
    for token in templates[rng.integers(len(templates))].split():
        if token in SLOTS:
            choices = SLOTS[token].split("|" if token == "P" else None)
            words += split_words(choices[rng.integers(len(choices))])
        elif token == "s":
            words[-1] += "S"
        else:
            words.append(token.upper())
    for i, word in enumerate(words[:-1]):
        if word in ("A", "AN"):
            words[i] = "AN" if words[i + 1][0] in "AEIOU" else "A"
    return tuple(words)


def pronounce(
    words: tuple[str, ...], pronunciations: Pronunciations, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    """One dictionary pronunciation per word; function words citation or reduced, THE by what follows."""
    reducible = set(split_words(FUNCTION_WORDS))
    chosen: list[tuple[str, ...]] = []
    for at, word in enumerate(words):
        variants = pronunciations[word]
        if word == "THE":
            following = pronunciations[words[at + 1]][0][0] if at + 1 < len(words) else ""
            full = following[-1:].isdigit() if rng.random() < 0.85 else rng.random() < 0.5
            chosen.append(("DH", "IY0") if full else ("DH", "AH0"))
        elif len(variants) > 1 and rng.random() < (0.4 if word in reducible else 0.12):
            chosen.append(variants[rng.integers(1, len(variants))])
        else:
            chosen.append(variants[0])
    return chosen


def _phone_pairs(phones: tuple[str, ...]) -> set[tuple[str, str]]:
    padded = ("", *(phone.rstrip("012") for phone in phones), "")
    return set(pairwise(padded))
