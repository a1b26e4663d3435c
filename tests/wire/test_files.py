from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.errors import RemoteProtocolError
from dqshell.wire.files import MAX_NAME, FileEnd, FilesDecoder, FileStart
from dqshell.wire.framing import FilesStart, FrameReader
from dqshell.wire.messages import File, Files, encode
from tests.wire import recorded
from tests.wire.strategies import TEXT, chunks

WORDS = st.binary(max_size=6).map(lambda data: data * 8)  # pages are whole words


def collect(decoder: FilesDecoder, pieces: list[bytes]) -> list[tuple[str, bytes]]:
    """The files, as the events tell of them."""
    files: list[tuple[str, bytes]] = []
    size = 0
    for piece in pieces:
        for event in decoder.feed(piece):
            if isinstance(event, FileStart):
                files.append((event.name, b""))
                size = event.size
            elif isinstance(event, FileEnd):
                assert len(files[-1][1]) == size
            else:
                assert event
                files[-1] = files[-1][0], files[-1][1] + event
    return files


@given(files=st.lists(st.tuples(TEXT, WORDS), max_size=4), data=st.data())
def test_any_split_of_the_body_gives_the_same_files(files: list[tuple[str, bytes]], data: st.DataObject) -> None:
    body = encode(Files([File(name, content) for name, content in files]))[8:]
    decoder = FilesDecoder(len(body))
    assert collect(decoder, data.draw(chunks(body))) == files
    assert decoder.done


def test_a_recorded_dump_byte_by_byte_through_the_reader() -> None:
    stream = recorded.received("dump")
    reader = FrameReader()
    decoder = None
    files: list[tuple[str, bytes]] = []
    for at in range(len(stream)):
        reader.feed(stream[at : at + 1])
        if decoder is None:
            start = reader.next_frame()
            if isinstance(start, FilesStart):
                decoder = FilesDecoder(start.length)
            continue
        for event in decoder.feed(reader.take_body()):
            if isinstance(event, FileStart):
                files.append((event.name, b""))
            elif isinstance(event, bytes):
                files[-1] = files[-1][0], files[-1][1] + event
    assert decoder is not None
    assert decoder.done
    assert reader.at_boundary
    (name, database), (wal_name, wal) = files
    assert (name, wal_name) == ("small", "small-wal")
    assert database.startswith(b"SQLite format 3\0")
    assert len(database) == 4096
    assert wal[:4] == bytes.fromhex("377f0682")  # SQLite's magic number of a WAL
    assert len(wal) == 32 + 3 * (24 + 4096)


def test_a_database_that_does_not_exist_has_two_empty_files() -> None:
    body = recorded.received("dump-missing")[8:]
    assert collect(FilesDecoder(len(body)), [body]) == [("missing", b""), ("missing-wal", b"")]


def test_content_is_handed_on_at_once() -> None:
    body = encode(Files([File("a", b"x" * 800)]))[8:]
    decoder = FilesDecoder(len(body))
    start, first = decoder.feed(body[:100])
    assert isinstance(start, FileStart)
    assert (start.name, start.size) == ("a", 800)
    assert first == b"x" * 76
    assert decoder.feed(body[100:200]) == [b"x" * 100]
    assert not decoder.done


def test_content_need_not_fill_whole_words() -> None:
    body = b"\1" + bytes(7) + b"a" + bytes(7) + b"\3" + bytes(7) + b"xyz" + b"junk!"
    decoder = FilesDecoder(len(body))
    assert collect(decoder, [body[:27], body[27:30]]) == [("a", b"xyz")]
    assert not decoder.done
    assert collect(decoder, [body[30:]]) == []
    assert decoder.done


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"\1" + bytes(7), "ends too early"),
        (b"\1" + bytes(7) + b"a" + bytes(7), "ends too early"),
        (b"\1" + bytes(7) + b"a" + bytes(7) + b"\1" + bytes(7), "longer than the message"),
        (b"\1" + bytes(7) + b"a" + bytes(7) + b"\xff" * 8 + bytes(8), "longer than the message"),
        (b"\xff" * 8 + b"a" + bytes(15), "ends too early"),
        (bytes(16), "something follows"),
        (b"\1" + bytes(7) + b"a" * (MAX_NAME + 8), "a name has no end"),
    ],
)
def test_files_that_do_not_fit_the_message_are_malformed(body: bytes, complaint: str) -> None:
    decoder = FilesDecoder(len(body))
    with pytest.raises(RemoteProtocolError, match=complaint):
        decoder.feed(body)


@given(body=st.binary(min_size=8, max_size=80), data=st.data())
def test_any_garbage_gives_whole_files_or_an_error(body: bytes, data: st.DataObject) -> None:
    decoder = FilesDecoder(len(body))
    try:
        files = collect(decoder, data.draw(chunks(body)))
    except RemoteProtocolError:
        return
    assert decoder.done
    assert sum(16 + len(content) for _, content in files) <= len(body)
