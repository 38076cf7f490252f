"""Documents that say nearly the same: MinHash (Broder, "On the resemblance and containment of documents", 1997).

A text becomes the set of its runs of SHINGLE characters, without white space and width of letters; of these, only those whose hash is 0
modulo EVERY are kept, the same ones in every text, so that the share of common ones stays what it is. Two signatures agree in a place
with the probability |A and B| / |A or B|.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import numpy as np
from datasketch import MinHash

from rag.text import fold

PLACES = 128
"""Numbers in a signature; the estimate is off by about 1 / sqrt(PLACES), at most .09."""
SHINGLE = 9
EVERY = 4
_SPACE = re.compile(r"\s+")
_BASE = np.uint64(0x9E3779B97F4A7C15)

Signature: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint64]]"
Signatures: TypeAlias = "np.ndarray[tuple[int, int], np.dtype[np.uint64]]"


def signature(text: str) -> Signature:
    """The signature of a text, uint64 (PLACES,)."""
    codes = np.frombuffer(_SPACE.sub("", fold(text)).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    minhash = MinHash(num_perm=PLACES, seed=1, hashfunc=int)
    if len(codes) < SHINGLE:
        return np.asarray(minhash.hashvalues, dtype=np.uint64)
    rolled = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(SHINGLE):
            rolled = rolled * _BASE + codes[place : place + len(rolled)]
        rolled ^= rolled >> np.uint64(29)
        rolled *= np.uint64(0xBF58476D1CE4E5B9)
        rolled ^= rolled >> np.uint64(32)
    shingles = np.unique(rolled)
    kept = shingles[shingles % np.uint64(EVERY) == 0]
    minhash.update_batch((kept >> np.uint64(2)) & np.uint64(0xFFFFFFFF))
    return np.asarray(minhash.hashvalues, dtype=np.uint64)


def resemblance(one: Signature, other: Signature) -> float:
    """Estimated share of common shingles, 0 to 1."""
    return float(resemblances(one, other[np.newaxis])[0])


def resemblances(one: Signature, others: Signatures) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The same for many others at once: uint64 (n, PLACES) -> float64 (n,)."""
    return np.asarray(np.count_nonzero(others == one, axis=1) / PLACES, dtype=np.float64)
