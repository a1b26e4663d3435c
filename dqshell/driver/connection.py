"""A connection to one node: one request at a time, with a limit on every wait.

A connection that has seen its peer fail, fall silent, lose leadership or break the protocol is closed and never used
again, so a late answer can never be taken for the answer to a later request.
"""

from __future__ import annotations

from time import monotonic

from ..errors import (
    ConnectionLost,
    DatabaseError,
    Error,
    InterfaceError,
    NoAnswer,
    NodeUnreachable,
    NotLeader,
    NotSent,
    OutcomeUnknown,
    RemoteProtocolError,
    from_failure,
)
from ..wire import messages
from ..wire.files import FilesDecoder
from ..wire.framing import HANDSHAKE, FilesStart, Frame, FrameReader
from ..wire.rows import RowDecoder
from .dial import dial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import TracebackType

    from ..wire.files import FileEnd, FileStart
    from ..wire.values import Value
    from .stream import Stream

    # Called with the seconds of silence so far; returns how many more to wait, or raises.
    Patience = Callable[[float], float]

_BUFFER_SIZE = 1 << 18


class Rows:
    """A result set as it arrives: iterating yields pages, each a list of tuples.

    It is complete only when the server has said so (`complete`); an iteration that ends without an exception is.
    The connection serves no other request before that: `close` gives the rest up, and with it the connection, since
    that is the only way to stop a server that sends rows.
    """

    __slots__ = ("_connection", "_decoder", "_first", "_statement", "columns", "complete")

    def __init__(self, connection: Connection, frame: Frame, statement: str) -> None:
        self._connection = connection
        self._statement = statement
        self._decoder = RowDecoder()
        self._first, self.complete = connection._decode_rows(self._decoder, frame)
        self.columns: list[str] = self._decoder.columns

    def __iter__(self) -> Iterator[list[tuple[Value, ...]]]:
        page, self._first = self._first, []
        if page:
            yield page
        while not self.complete:
            page, self.complete = self._connection._next_page(self._decoder, self._statement)
            if page:
                yield page

    def close(self) -> None:
        if not self.complete:
            self._connection.close()


class Connection:
    """One node. `address` is as dialled; `server` who the node turned out to be, once it is known to lead."""

    def __init__(self, stream: Stream, address: str, timeout: float = 5.0) -> None:
        self.address = address
        self.timeout = timeout
        self.server: messages.Server | None = None
        self.patience: Patience | None = None
        self.sending_began = False
        self.last_used = monotonic()
        self._stream = stream
        self._reader = FrameReader()
        self._buffer = memoryview(bytearray(_BUFFER_SIZE))
        self._greeting = HANDSHAKE
        self._awaiting = False  # the end of the answer to the last request
        self._prepared: set[int] = set()
        self._closed = False

    @classmethod
    def connect(cls, address: str, timeout: float = 5.0) -> Connection:
        """Dial `address`; resolving, connecting and each later step with the node may take `timeout` seconds.

        Raises NodeUnreachable, ConfigurationError. The handshake travels with the first request.
        """
        return cls(dial(address, monotonic() + timeout), address, timeout)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Validity, as Go's database/sql has it.

    def is_valid(self) -> bool:
        """Whether nothing speaks against using it: not closed, no answer pending, and no end or error on the wire."""
        return not self._closed and not self._awaiting and self._reader.at_boundary and self._stream.is_quiet()

    def ping(self) -> messages.Server:
        """Ask the node who leads: proves that it answers, and nothing more."""
        return self.leader()

    def reset_session(self) -> None:
        """Prove that the node still leads, as far as it knows itself. Raises NotLeader, or as `leader` does."""
        server = self.leader()
        if self.server is not None and server.id != self.server.id:
            self.close()
            raise NotLeader(f"{self.address} does not lead any more", node=self.address)

    def close(self) -> None:
        """Close it. Idempotent. An open transaction is rolled back by the server; what is in flight is not stopped."""
        self._closed = True
        self._stream.close()

    @property
    def closed(self) -> bool:
        return self._closed

    # About the cluster. All but the change of the membership can be asked of any node.

    def leader(self) -> messages.Server:
        """Whom this node takes for the leader; id 0 and address "" when it knows none."""
        return self._question(messages.Server, messages.Leader())

    def cluster(self) -> list[messages.ServerInfo]:
        """The members as this node knows them: id, address, role."""
        return self._question(messages.Servers, messages.Cluster()).servers

    def describe(self) -> messages.Metadata:
        """The node's own failure domain and weight."""
        return self._question(messages.Metadata, messages.Describe())

    def weight(self, weight: int) -> None:
        self._expect(messages.Empty, messages.Weight(weight), kind="membership")

    def add(self, server_id: int, address: str) -> None:
        """Add a member, as a spare."""
        self._expect(messages.Empty, messages.Add(server_id, address), kind="membership")

    def assign(self, server_id: int, role: int, timeout: float | None = None) -> None:
        """Give a member a role; making it a voter takes until it has caught up."""
        with _Patient(self, timeout):
            self._expect(messages.Empty, messages.Assign(server_id, role), kind="membership")

    def remove(self, server_id: int) -> None:
        self._expect(messages.Empty, messages.Remove(server_id), kind="membership")

    def transfer(self, server_id: int, timeout: float | None = None) -> None:
        """Hand leadership to a voter. Answered when it has been given up, before the other node has taken it."""
        with _Patient(self, timeout):
            self._expect(messages.Empty, messages.Transfer(server_id), kind="membership")

    # Databases and statements.

    def open(self, database: str) -> None:
        """Open a database, which is created if it does not exist; one for each connection."""
        self._question(messages.Db, messages.Open(database))

    def exec(self, sql: str, params: Sequence[Value] = ()) -> messages.Result:
        """Run a statement that returns no rows: last insert id and rows affected (of the last INSERT, UPDATE, DELETE).

        Raises the class of dqshell.errors that the failure has, with `statement` filled in.
        """
        return self._expect(
            messages.Result, messages.ExecSql(0, sql, params), kind="exec", statement=sql, patience=self.patience
        )

    def query(self, sql: str, params: Sequence[Value] = ()) -> Rows:
        """Run a statement that returns rows. Raises as `exec` does, also while the rows are read."""
        return self._rows_of(messages.QuerySql(0, sql, params), sql)

    def prepare(self, sql: str) -> messages.Stmt:
        """Compile one statement: its id, and how many parameters it has."""
        prepared = self._expect(messages.Stmt, messages.Prepare(0, sql), kind="prepare", statement=sql)
        self._prepared.add(prepared.id)
        return prepared

    def exec_prepared(self, prepared: messages.Stmt, params: Sequence[Value] = (), sql: str = "") -> messages.Result:
        """Run a prepared statement; `sql` is for error messages only."""
        self._check_prepared(prepared)
        request = messages.Exec(prepared.db, prepared.id, params)
        return self._expect(messages.Result, request, kind="exec", statement=sql, patience=self.patience)

    def query_prepared(self, prepared: messages.Stmt, params: Sequence[Value] = (), sql: str = "") -> Rows:
        """Run a prepared statement that returns rows."""
        self._check_prepared(prepared)
        return self._rows_of(messages.Query(prepared.db, prepared.id, params), sql)

    def finalize(self, prepared: messages.Stmt) -> None:
        """Forget a prepared statement."""
        self._check_prepared(prepared)
        self._prepared.remove(prepared.id)
        self._expect(messages.Empty, messages.Finalize(prepared.db, prepared.id))

    def _check_prepared(self, prepared: messages.Stmt) -> None:
        """A server that is asked for a finalized statement may crash (dqlite src/lib/registry.h)."""
        if prepared.id not in self._prepared:
            raise InterfaceError("there is no such prepared statement on this connection")

    def dump(self, database: str) -> Generator[FileStart | bytes | FileEnd, None, None]:
        """The database's main file and its WAL as this node has them: name and size, content in pieces, end.

        The server prepares the whole answer in its memory before the first byte comes. Servers before 1.19 answer for
        a database that does not exist with two empty files.
        """
        self._send(messages.Dump(database), 0, None)
        frame = self._frame(None)
        if not isinstance(frame, FilesStart):
            self._awaiting = False
            self._check(messages.Files, frame, "dump", None)
            raise AssertionError("a FILES response is never held in one frame")
        decoder = FilesDecoder(frame.length)
        try:
            while True:
                events = decoder.feed(self._reader.take_body())
                self._awaiting = not decoder.done
                yield from events
                if decoder.done:
                    return
                self._receive(None, 0.0)
        except RemoteProtocolError as error:
            raise self._broken(error) from None
        finally:
            if not decoder.done:
                self.close()

    def ask(self, request: messages.Request, schema: int = 0) -> messages.Response:
        """Send any request with any schema byte; the response as it is, a Failure too. For probes."""
        self._send(request, schema, None)
        return self._decode(self._only_frame(None))

    # One request, one answer.

    def _expect(
        self,
        expected: type[messages.AnyResponse],
        request: messages.Request,
        *,
        kind: str = "other",
        statement: str | None = None,
        patience: Patience | None = None,
    ) -> messages.AnyResponse:
        self._send(request, 0, patience)
        return self._check(expected, self._only_frame(patience), kind, statement)

    def _question(self, expected: type[messages.AnyResponse], request: messages.Request) -> messages.AnyResponse:
        """A request that changes nothing: where its answer is lost, nothing is unknown but the answer."""
        try:
            return self._expect(expected, request)
        except OutcomeUnknown as error:
            raise NodeUnreachable(error.message, code=error.code, node=self.address) from error

    def _rows_of(self, request: messages.Request, sql: str) -> Rows:
        self._send(request, 0, self.patience)
        return Rows(self, self._rows_frame(sql), sql)

    def _next_page(self, decoder: RowDecoder, statement: str) -> tuple[list[tuple[Value, ...]], bool]:
        if self._closed:
            raise ConnectionLost("the connection was closed before the result was complete", node=self.address)
        return self._decode_rows(decoder, self._rows_frame(statement))

    def _rows_frame(self, statement: str) -> Frame:
        frame = self._frame(self.patience)
        if frame.type != messages.Rows.type:
            self._awaiting = False
            self._check(messages.Rows, frame, "query", statement)
        return frame

    def _decode_rows(self, decoder: RowDecoder, frame: Frame) -> tuple[list[tuple[Value, ...]], bool]:
        try:
            page, complete = decoder.decode(frame.body)
        except RemoteProtocolError as error:
            raise self._broken(error) from None
        self._awaiting = not complete
        return page, complete

    def _check(
        self, expected: type[messages.AnyResponse], frame: Frame, kind: str, statement: str | None
    ) -> messages.AnyResponse:
        response = self._decode(frame)
        if isinstance(response, expected):
            return response
        if isinstance(response, messages.Failure) and response.tail:  # then its code may be a number of columns
            raise self._broken(RemoteProtocolError(f"answered with a failure that cannot be read: {response!r:.200}"))
        if isinstance(response, messages.Failure):
            raise self._failed(
                from_failure(response.code, response.message, request=kind, node=self.address, statement=statement)
            )
        raise self._broken(
            RemoteProtocolError(f"answered with {type(response).__name__} where {expected.__name__} was expected")
        )

    def _failed(self, error: DatabaseError) -> DatabaseError:
        if not error.survives:
            self.close()
        return error

    def _broken(self, error: Error) -> Error:
        error.node = self.address
        self.close()
        return error

    def _decode(self, frame: Frame) -> messages.Response:
        try:
            return messages.decode_response(frame)
        except RemoteProtocolError as error:
            raise self._broken(error) from None

    # Bytes.

    def _send(self, request: messages.Request, schema: int, patience: Patience | None) -> None:
        if self._closed:
            raise NotSent("the connection is closed", node=self.address)
        if self._awaiting:
            raise InterfaceError("the answer to the previous request has not been read to its end")
        if not self._reader.at_boundary:
            raise self._broken(NotSent("the node has sent more than it was asked for"))
        data = memoryview(self._greeting + messages.encode(request, schema))
        sent = 0
        silent = 0.0
        self._awaiting = True
        try:
            while sent < len(data):
                wait = self._wait(patience, silent)
                self.sending_began = True  # before the kernel has it: an interrupt may come in between
                try:
                    sent += self._stream.send(data[sent:], wait)
                    silent = 0.0
                except TimeoutError:
                    silent += wait
        except OSError as error:
            self.sending_began = sent > 0
            lost = ConnectionLost if sent else NotSent
            raise self._broken(lost(f"the connection was lost: {_reason(error)}")) from None
        except BaseException:
            self.close()
            raise
        self._greeting = b""

    def _frame(self, patience: Patience | None) -> Frame:
        """The next whole frame. Without `patience` the whole of it must be there within `timeout` seconds."""
        begun = monotonic()
        try:
            while (frame := self._reader.next_frame()) is None:
                self._receive(patience, 0.0 if patience else monotonic() - begun)
        except RemoteProtocolError as error:
            raise self._broken(error) from None
        except BaseException:
            self.close()
            raise
        self.last_used = monotonic()
        return frame

    def _only_frame(self, patience: Patience | None) -> Frame:
        """The whole answer, where that is one frame."""
        frame = self._frame(patience)
        self._awaiting = False
        return frame

    def _receive(self, patience: Patience | None, silent: float) -> None:
        while True:
            wait = self._wait(patience, silent)
            try:
                received = self._stream.receive_into(self._buffer, wait)
            except OSError as error:
                if isinstance(error, TimeoutError) and error.errno is None:
                    silent += wait
                    continue
                raise ConnectionLost(f"the connection was lost: {_reason(error)}", node=self.address) from None
            if not received:
                raise ConnectionLost("the node closed the connection", node=self.address)
            self._reader.feed(self._buffer[:received])
            return

    def _wait(self, patience: Patience | None, silent: float) -> float:
        """How long to wait now, in seconds, after `silent` seconds without a byte. Raises NoAnswer."""
        if patience is not None:
            return patience(silent)
        left = self.timeout - silent
        if left < 0.001:
            raise NoAnswer(f"no answer within {self.timeout:g} s", node=self.address)
        return left


class _Patient:
    """For one request, another limit than the connection's own."""

    def __init__(self, connection: Connection, timeout: float | None) -> None:
        self._connection = connection
        self._timeout = connection.timeout if timeout is None else timeout

    def __enter__(self) -> None:
        self._connection.timeout, self._timeout = self._timeout, self._connection.timeout

    def __exit__(self, *_: object) -> None:
        self._connection.timeout, self._timeout = self._timeout, self._connection.timeout


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
