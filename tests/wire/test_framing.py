from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.errors import LocalProtocolError, RemoteProtocolError
from dqshell.wire.framing import (
    EMPTY,
    FAILURE,
    FILES,
    HANDSHAKE,
    LEGACY_HANDSHAKE,
    MAX_LARGE,
    MAX_SMALL,
    METADATA,
    ROWS,
    SERVERS,
    WELCOME,
    FilesStart,
    Frame,
    FrameReader,
    encode_frame,
)
from tests.wire import recorded
from tests.wire.strategies import chunks

Plain = tuple[int, int, bytes]


def header(words: int, kind: int, schema: int = 0) -> bytes:
    return words.to_bytes(4, "little") + bytes([kind, schema, 0, 0])


def read(pieces: list[bytes]) -> tuple[list[Plain], FrameReader]:
    """All frames as plain tuples, with their bodies, also where these are streamed."""
    reader = FrameReader()
    frames: list[Plain] = []
    owed = 0
    for piece in pieces:
        reader.feed(piece)
        while True:
            if owed:
                body = reader.take_body()
                owed -= len(body)
                frames[-1] = (*frames[-1][:2], frames[-1][2] + body)
                if owed:
                    break
            frame = reader.next_frame()
            if frame is None:
                break
            frames.append((frame.type, frame.schema, frame.body))
            if isinstance(frame, FilesStart):
                owed = frame.length
    return frames, reader


FRAMES = st.lists(
    st.tuples(
        st.integers(0, METADATA),
        st.integers(0, 255),
        st.integers(1, 5).flatmap(lambda words: st.binary(min_size=words * 8, max_size=words * 8)),
    ),
    max_size=6,
)


@given(frames=FRAMES, data=st.data())
def test_any_split_of_the_stream_gives_the_same_frames(frames: list[Plain], data: st.DataObject) -> None:
    stream = b"".join(encode_frame(*frame) for frame in frames)
    got, reader = read(data.draw(chunks(stream)))
    assert got == frames
    assert reader.at_boundary


@given(data=st.data(), name=st.sampled_from(recorded.names()))
def test_any_split_of_a_recorded_stream_gives_the_same_frames(data: st.DataObject, name: str) -> None:
    stream = recorded.received(name)
    messages = [message for direction, message in recorded.load(name) if direction == "<"]
    got, reader = read(data.draw(chunks(stream)))
    assert [encode_frame(*frame) for frame in got] == messages
    assert reader.at_boundary


def test_a_stream_that_comes_byte_by_byte_gives_the_same_frames() -> None:
    stream = recorded.received("query-sql-mixed") + recorded.received("dump") + recorded.received("failure-syntax")
    bytewise, _ = read([stream[at : at + 1] for at in range(len(stream))])
    assert bytewise == read([stream])[0]


@given(garbage=st.lists(st.binary(max_size=40), max_size=5))
def test_any_garbage_gives_frames_or_an_error(garbage: list[bytes]) -> None:
    gives_frames_or_an_error(garbage)


@given(garbage=st.binary(max_size=60), words=st.integers(0, 8), kind=st.integers(0, 12))
def test_any_garbage_behind_a_likely_header_gives_frames_or_an_error(garbage: bytes, words: int, kind: int) -> None:
    gives_frames_or_an_error([header(words, kind) + garbage])


def gives_frames_or_an_error(pieces: list[bytes]) -> None:
    try:
        frames, _ = read(pieces)
    except RemoteProtocolError:
        return
    assert sum(8 + len(body) for _, _, body in frames) <= sum(map(len, pieces))


def test_a_frame_is_a_header_and_a_body() -> None:
    assert encode_frame(5, 1, b"12345678") == bytes([1, 0, 0, 0, 5, 1, 0, 0]) + b"12345678"


def test_the_unused_bytes_of_a_header_are_ignored() -> None:
    reader = FrameReader()
    reader.feed(b"\1\0\0\0\x08\0\xff\xff" + bytes(8))
    frame = reader.next_frame()
    assert frame is not None
    assert (frame.type, frame.body) == (EMPTY, bytes(8))


@pytest.mark.parametrize("body", [b"", b"1234567", b"123456789"])
def test_a_body_of_no_whole_words_is_not_sent(body: bytes) -> None:
    with pytest.raises(LocalProtocolError, match=f"cannot have {len(body)} bytes"):
        encode_frame(0, 0, body)


def test_the_handshakes_are_the_versions() -> None:
    assert HANDSHAKE == b"\1\0\0\0\0\0\0\0"
    assert bytes.fromhex("e53f4360d74d1086") == LEGACY_HANDSHAKE


@pytest.mark.parametrize(
    ("kind", "most"),
    [(ROWS, MAX_LARGE), (FAILURE, MAX_LARGE), (SERVERS, MAX_SMALL), (WELCOME, MAX_SMALL), (METADATA, MAX_SMALL)],
)
def test_a_length_beyond_the_limit_is_rejected_before_the_body_comes(kind: int, most: int) -> None:
    reader = FrameReader()
    reader.feed(header(most // 8, kind))
    assert reader.next_frame() is None
    reader = FrameReader()
    reader.feed(header(most // 8 + 1, kind))
    with pytest.raises(RemoteProtocolError, match=f"claims to have {most + 8} bytes"):
        reader.next_frame()


def test_a_response_without_a_body_is_rejected() -> None:
    reader = FrameReader()
    reader.feed(header(0, EMPTY))
    with pytest.raises(RemoteProtocolError, match="without a body"):
        reader.next_frame()


def test_an_unknown_type_is_rejected_and_its_bytes_are_shown() -> None:
    reader = FrameReader()
    reader.feed(b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(RemoteProtocolError, match=r"b'SSH-2\.0-'"):
        reader.next_frame()


def test_an_error_repeats_itself() -> None:
    reader = FrameReader()
    reader.feed(header(1, EMPTY) + bytes(8) + header(1, 99))
    assert reader.next_frame() is not None
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            reader.next_frame()
        reader.feed(header(1, EMPTY) + bytes(8))


def test_http_is_recognized() -> None:
    reader = FrameReader()
    reader.feed(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(RemoteProtocolError, match="the peer speaks HTTP, not dqlite"):
        reader.next_frame()


@pytest.mark.parametrize(
    "hello",
    [
        "15030100020246",  # an alert: protocol version
        "15030300020228",  # an alert: handshake failure; all that a TLS server sends to us
        "160303007a0200007603",  # a server's hello
    ],
)
def test_tls_is_recognized_though_an_alert_is_shorter_than_our_header(hello: str) -> None:
    reader = FrameReader()
    reader.feed(bytes.fromhex(hello))
    with pytest.raises(RemoteProtocolError, match="the peer speaks TLS"):
        reader.next_frame()


def test_only_the_first_bytes_can_be_those_of_another_protocol() -> None:
    # 0x15 0x03 0x01 are a length of 517 KiB in words
    large = header(0x010315, ROWS) + bytes(0x010315 * 8)
    small = header(1, EMPTY) + bytes(8)
    for stream in (large, small + header(0x010315, SERVERS) + bytes(0x010315 * 8)):
        frames, reader = read([stream])
        assert len(frames[-1][2]) == 0x010315 * 8
        assert reader.at_boundary


def test_the_boundary_between_messages_is_known_at_every_byte() -> None:
    stream = recorded.received("leader")
    reader = FrameReader()
    assert reader.at_boundary
    for at in range(len(stream)):
        reader.feed(stream[at : at + 1])
        assert not reader.at_boundary
    assert reader.next_frame() is not None
    assert reader.at_boundary


def test_files_are_announced_before_they_come_and_must_be_taken() -> None:
    reader = FrameReader()
    reader.feed(header(3, FILES, 0))
    start = reader.next_frame()
    assert isinstance(start, FilesStart)
    assert start.length == 24
    assert reader.take_body() == b""
    assert not reader.at_boundary
    with pytest.raises(LocalProtocolError, match="have not been taken"):
        reader.next_frame()
    reader.feed(b"x" * 20)
    assert reader.take_body() == b"x" * 20
    reader.feed(b"y" * 4 + header(1, EMPTY) + bytes(8))
    assert reader.take_body() == b"y" * 4
    assert reader.take_body() == b""
    after = reader.next_frame()
    assert after is not None
    assert after.type == EMPTY
    assert reader.at_boundary


def test_files_have_no_limit_but_that_of_the_header() -> None:
    reader = FrameReader()
    reader.feed(header(2**32 - 1, FILES))
    start = reader.next_frame()
    assert isinstance(start, FilesStart)
    assert start.length == 8 * (2**32 - 1)


def test_a_buffer_that_was_fed_can_be_used_again() -> None:
    buffer = bytearray(encode_frame(EMPTY, 0, b"12345678"))
    reader = FrameReader()
    reader.feed(memoryview(buffer)[:12])
    reader.feed(memoryview(buffer)[12:])
    buffer[:] = bytes(len(buffer))
    frame = reader.next_frame()
    assert repr(frame) == repr(Frame(EMPTY, 0, b"12345678"))
