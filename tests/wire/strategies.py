"""What the property tests draw from."""

from __future__ import annotations

from hypothesis import strategies as st

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)

# Any bytes without a NUL can be text: SQLite does not look.
TEXT = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"x").decode("utf-8", "surrogateescape"))

# NaN is left out only because it equals nothing.
VALUE = st.one_of(I64, st.floats(allow_nan=False), TEXT, st.binary(max_size=40), st.none())


def chunks(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """The data, cut anywhere."""
    cuts = st.lists(st.integers(0, len(data)), max_size=12).map(sorted)
    return cuts.map(
        lambda at: [data[start:stop] for start, stop in zip([0, *at], [*at, len(data)], strict=True)],
    )
