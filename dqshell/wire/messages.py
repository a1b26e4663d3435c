"""Every request and response of the protocol (dqlite src/protocol.h, src/request.h, src/response.h).

    data = encode(QuerySql(0, "SELECT * FROM t WHERE a = ?", (1,)))
    response = decode_response(reader.next_frame())

Each is declared by the table of its fields (see fields.py), in the order of the wire.
"""

from __future__ import annotations

from ..errors import RemoteProtocolError
from .fields import Record, encode_fields
from .framing import (
    DB,
    EMPTY,
    FAILURE,
    FILES,
    METADATA,
    RESULT,
    ROWS,
    SERVER,
    SERVERS,
    STMT,
    WELCOME,
    encode_frame,
)
from .rows import decode_columns, decode_row
from .values import decode_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from .fields import I64, U32, U64, Blob, Note, OptionalU64, Params, Rest, Text
    from .framing import Frame

    AnyMessage = TypeVar("AnyMessage", bound="Message")
    AnyResponse = TypeVar("AnyResponse", bound="Response")

VOTER, STANDBY, SPARE = range(3)
ROLE_NAMES = ("voter", "stand-by", "spare")
"""What the roles are called: `ROLE_NAMES[VOTER]` is "voter"."""

HEARTBEAT, CONNECT = 2, 11
"""Types of requests that are never sent: HEARTBEAT wedges old servers, and CONNECT makes of the connection
one between two nodes."""


class Message(Record):
    """A request or a response; its `type` is that of the frame."""

    type = -1


class Request(Message):
    """What a client asks."""


class Response(Message):
    """What a server answers."""


# About the cluster.


class Leader(Request):
    """Who leads? Answered with Server, or by ServerLegacy after LEGACY_HANDSHAKE."""

    type = 0
    unused: U64 = 0


class Client(Request):
    """Introduces the client, which means nothing to today's servers. Answered with Welcome."""

    type = 1
    id: U64


class Add(Request):
    """Adds a node, as a spare. Answered with Empty."""

    type = 12
    id: U64
    address: Text


class Assign(Request):
    """Gives a node a role; without one it makes the node a voter (the older PROMOTE). Answered with Empty."""

    type = 13
    id: U64
    role: OptionalU64 = None


class Remove(Request):
    """Removes a node. Answered with Empty."""

    type = 14
    id: U64


class Cluster(Request):
    """Who are the members? Answered with Servers, in format 0 (which has no roles) with ServersV0."""

    type = 16
    format: U64 = 1


class Transfer(Request):
    """Hands leadership over to a node (0: to any). Answered with Empty."""

    type = 17
    id: U64


class Describe(Request):
    """Asks a node about itself. Answered with Metadata. Any format but 0 kills the node."""

    type = 18
    format: U64 = 0


class Weight(Request):
    """Sets the node's own weight. Answered with Empty."""

    type = 19
    weight: U64


# About databases and statements.


class Open(Request):
    """Opens a database, one for each connection. Servers ignore flags and VFS. Answered with Db."""

    type = 3
    name: Text
    flags: U64 = 0
    vfs: Text = ""


class Prepare(Request):
    """Compiles a statement. Answered with Stmt; in schema 1 (from 1.15.1 on) with StmtWithOffset."""

    type = 4
    db: U64
    sql: Text


class Exec(Request):
    """Runs a prepared statement that returns no rows. Answered with Result."""

    type = 5
    db: U32
    stmt: U32
    params: Params = ()


class Query(Request):
    """Runs a prepared statement that returns rows. Answered with Rows, as often as it takes."""

    type = 6
    db: U32
    stmt: U32
    params: Params = ()


class Finalize(Request):
    """Forgets a prepared statement. Answered with Empty."""

    type = 7
    db: U32
    stmt: U32


class ExecSql(Request):
    """Runs SQL that returns no rows. Answered with Result."""

    type = 8
    db: U64
    sql: Text
    params: Params = ()


class QuerySql(Request):
    """Runs SQL that returns rows. Answered with Rows, as often as it takes."""

    type = 9
    db: U64
    sql: Text
    params: Params = ()


class Interrupt(Request):
    """Would stop a query, but servers read it when that has ended. Answered with Empty, after the query's answer."""

    type = 10
    db: U64


class Dump(Request):
    """Asks for the files of a database. Answered with Files."""

    type = 15
    name: Text


# Responses.


class Failure(Response):
    """An error. `code` is an extended SQLite code, one of dqlite's own (1001 and up), or a leaked one of Raft's.

    `garbled`: it was found behind the beginning of a result set. `tail`: bytes that could not be explained.
    """

    type = FAILURE
    code: U64
    message: Text
    tail: Rest = b""
    garbled: Note = False


class Server(Response):
    """The leader; id 0 and address "" if the node knows none."""

    type = SERVER
    id: U64
    address: Text


class ServerLegacy(Response):
    """The leader, as told after LEGACY_HANDSHAKE. Ask `decode_response` for it: the frame does not tell."""

    type = SERVER
    address: Text


class Welcome(Response):
    """The time-out of a client's heartbeats, in milliseconds; servers do nothing with it."""

    type = WELCOME
    heartbeat_timeout: U64


class ServerInfo(Record):
    """A member of the cluster; `role` is VOTER, STANDBY or SPARE."""

    id: U64
    address: Text
    role: U64


class Servers(Response):
    """The members of the cluster."""

    type = SERVERS
    servers: list[ServerInfo]


class ServerAddress(Record):
    """A member of the cluster, without its role."""

    id: U64
    address: Text


class ServersV0(Response):
    """The members of the cluster, in format 0. Ask `decode_response` for it: the frame does not tell."""

    type = SERVERS
    servers: list[ServerAddress]


class Db(Response):
    """The id of the opened database, for the requests that follow. Always 0 so far."""

    type = DB
    id: U32


class Stmt(Response):
    """The id of the prepared statement, and how many parameters it has."""

    type = STMT
    db: U32
    id: U32
    params: U64


class StmtWithOffset(Response):
    """As Stmt, in schema 1: `offset` is where in the SQL, in bytes, the next statement begins."""

    type = STMT
    db: U32
    id: U32
    params: U64
    offset: U64


class Result(Response):
    """The effect of a statement; both are left over from an earlier one if it was no INSERT, UPDATE or DELETE."""

    type = RESULT
    last_insert_id: I64
    rows_affected: U64


class Rows(Response):
    """A batch of rows, not decoded: see `RowDecoder`."""

    type = ROWS
    columns: list[Text]
    batch: Rest


class Empty(Response):
    """Done."""

    type = EMPTY
    unused: U64 = 0


class File(Record):
    """A file of a dumped database: its name and its bytes."""

    name: Text
    content: Blob


class Files(Response):
    """A dumped database in one piece. From a connection it comes as FilesStart, for `FilesDecoder`."""

    type = FILES
    files: list[File]


class Metadata(Response):
    """What a node says about itself."""

    type = METADATA
    failure_domain: U64
    weight: U64


_REQUESTS: dict[int, type[Request]] = {cls.type: cls for cls in Request.__subclasses__()}
_RESPONSES: dict[int, type[Response]] = {
    cls.type: cls for cls in (Server, Welcome, Servers, Db, Stmt, Result, Rows, Empty, Files, Metadata)
}


def encode(message: Message, schema: int = 0) -> bytes:
    """The whole frame of a request, or of a response. Raises LocalProtocolError."""
    body = encode_fields(message, schema)
    if len(body) % 8:
        body += bytes(-len(body) % 8)
    return encode_frame(message.type, schema, body)


def decode_response(frame: Frame, form: type[Response] | None = None) -> Response:
    """The response in a frame. Raises RemoteProtocolError if it is malformed, or if something follows it.

    `form` is needed only for ServerLegacy and ServersV0, which cannot be told from Server and Servers: it is the class
    to read the frame as, if that is of its type.
    """
    if frame.type == FAILURE:
        return decode_failure(frame.body)
    if form is None or form.type != frame.type:
        form = _RESPONSES.get(frame.type)
        if form is None:
            raise RemoteProtocolError(f"there is no response of type {frame.type}")
        if form is Stmt and frame.schema == 1:
            form = StmtWithOffset
    return _decode(form, frame)


def decode_request(frame: Frame) -> Request:
    """The request in a frame, as a server reads it. Raises RemoteProtocolError."""
    form = _REQUESTS.get(frame.type)
    if form is None:
        raise RemoteProtocolError(f"there is no request of type {frame.type}")
    return _decode(form, frame)


def _decode(form: type[AnyMessage], frame: Frame) -> AnyMessage:
    body = frame.body
    try:
        message, at = form.decode_fields(body, 0, frame.schema)
        behind = (at + 7) & -8
        if behind < len(body):
            raise RemoteProtocolError(f"{len(body) - behind} bytes too many")
    except RemoteProtocolError as error:
        raise RemoteProtocolError(f"malformed {form.__name__}: {error}") from None
    return message


def decode_failure(body: bytes) -> Failure:
    """A FAILURE, also one that is garbled. Raises RemoteProtocolError.

    A server that fails while it collects rows appends the failure to them, and calls all of it a failure: the code is
    then the number of columns and the message the name of the first (dqlite src/gateway.c, query_batch). So if
    something follows the message, and columns, rows and a failure fill the body to its very end, that is what it is.
    """
    failure, _ = Failure.decode_fields(body, 0, 0)
    if failure.tail:
        return _behind_rows(body) or failure
    return failure


def _behind_rows(body: bytes) -> Failure | None:
    """The failure behind a result set, if that is what `body` is."""
    end = len(body)
    try:
        columns, at = decode_columns(body, end)
        while True:
            code = int.from_bytes(body[at : at + 8], "little")
            # A code is a C int. A header of a row can look like one, but no row fills the body to its end: the true
            # code follows it, and has a NUL in it.
            if code < 1 << 32:
                message, behind = decode_text(body, at + 8, end)
                if behind == end:
                    return Failure(code, message, garbled=True)
            _, at = decode_row(body, at, end, len(columns))
    except RemoteProtocolError:
        return None
