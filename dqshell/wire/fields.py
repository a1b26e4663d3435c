"""Records that are declared by a table of fields, which serves to encode and to decode.

    class Server(Record):
        id: U64
        address: Text

The annotations are the table: their order is the order on the wire, their names say how a field is written.
"""

from __future__ import annotations

from ..errors import LocalProtocolError, RemoteProtocolError
from .values import decode_blob, decode_params, decode_text, encode_blob, encode_params, encode_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform

    from .values import Value

    # From a value and the schema of the message. Raises LocalProtocolError.
    Encoder = Callable[[Any, int], bytes]
    # From a body of whole words, an offset in it and the schema to the value there and the offset behind it.
    # Raises RemoteProtocolError.
    Decoder = Callable[[bytes, int, int], tuple[Any, int]]

    # The kinds of fields, as the type checker sees them.
    U32 = int
    U64 = int
    I64 = int
    OptionalU64 = int | None  # left out at the end of a message
    Text = str
    Blob = bytes
    Params = Sequence[Value]
    Rest = bytes  # whatever follows, to the end of the message
    Note = bool  # kept beside the message, never on the wire; False until somebody sets it
else:

    def dataclass_transform():
        return lambda cls: cls


def _integer(size: int, *, signed: bool = False) -> tuple[Encoder, Decoder]:
    def encode(value: int, _: int) -> bytes:
        try:
            return value.to_bytes(size, "little", signed=signed)
        except OverflowError:
            raise LocalProtocolError(f"{value} does not fit into {size * 8} bits") from None

    def decode(body: bytes, at: int, _: int) -> tuple[int, int]:
        behind = at + size
        if behind > len(body):
            raise RemoteProtocolError("it ends too early")
        return int.from_bytes(body[at:behind], "little", signed=signed), behind

    return encode, decode


_encode_u64, _decode_u64 = _integer(8)

_KINDS: dict[str, tuple[Encoder, Decoder]] = {
    "U32": _integer(4),
    "U64": (_encode_u64, _decode_u64),
    "I64": _integer(8, signed=True),
    "OptionalU64": (
        lambda value, schema: b"" if value is None else _encode_u64(value, schema),
        lambda body, at, schema: (None, at) if at == len(body) else _decode_u64(body, at, schema),
    ),
    "Text": (
        lambda value, _: encode_text(value),
        lambda body, at, _: decode_text(body, at, len(body)),
    ),
    "Blob": (
        lambda value, _: encode_blob(value),
        lambda body, at, _: decode_blob(body, at, len(body)),
    ),
    "Params": (
        encode_params,
        lambda body, at, schema: decode_params(body, at, len(body), schema),
    ),
    "Rest": (
        lambda value, _: value,
        lambda body, at, _: (body[at:], len(body)),
    ),
    "Note": (
        lambda _value, _: b"",
        lambda _body, at, _: (False, at),
    ),
}


def _kind(annotation: str) -> tuple[Encoder, Decoder]:
    if annotation.startswith("list["):
        return _list_of(*_KINDS[annotation[5:-1]])
    return _KINDS[annotation]


def _list_of(encode_item: Encoder, decode_item: Decoder) -> tuple[Encoder, Decoder]:
    """A u64 count, then the items."""

    def encode(items: Sequence[Any], schema: int) -> bytes:
        count = _encode_u64(len(items), schema)
        return b"".join((count, *(encode_item(item, schema) for item in items)))

    def decode(body: bytes, at: int, schema: int) -> tuple[list[Any], int]:
        count, at = _decode_u64(body, at, schema)
        items = []
        for _ in range(count):  # a count that lies meets the end of the body
            item, at = decode_item(body, at, schema)
            items.append(item)
        return items, at

    return encode, decode


@dataclass_transform()
class Record:
    """Fields with a place on the wire, given in order or by name. Equal if all of them are.

    A subclass is a kind itself, by its name.
    """

    names: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[int] = 0  # how many have no default; they come first
    layout: ClassVar[tuple[tuple[str, Encoder, Decoder], ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.names = tuple(cls.__annotations__)
        cls.required = len([name for name in cls.names if not hasattr(cls, name)])
        cls.layout = tuple([(name, *_kind(kind)) for name, kind in cls.__annotations__.items()])
        _KINDS[cls.__name__] = (encode_fields, cls.decode_fields)

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.names
        if named or not self.required <= len(values) <= len(names):
            left = names[len(values) :]
            missing = [name for name in left if name not in named and not hasattr(self, name)]
            if missing or not named.keys() <= set(left) or len(values) > len(names):
                raise TypeError(f"{type(self).__name__} takes {', '.join(names)}")
            self.__dict__.update(named)
        self.__dict__.update(zip(names, values, strict=False))

    @classmethod
    def decode_fields(cls, body: bytes, at: int, schema: int) -> tuple[Self, int]:
        """The record at offset `at`, and the offset behind it. Raises RemoteProtocolError."""
        values = []
        for _, _, decode in cls.layout:
            value, at = decode(body, at, schema)
            values.append(value)
        return cls(*values), at

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.names)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = [f"{name}={getattr(self, name)!r}" for name in self.names]
        return f"{type(self).__name__}({', '.join(fields)})"


def encode_fields(record: Record, schema: int) -> bytes:
    """The fields of a record, one after another. Raises LocalProtocolError."""
    return b"".join([encode(getattr(record, name), schema) for name, encode, _ in record.layout])
