"""The dqlite protocol as pure data: bytes in, messages out, and back. No socket, no clock, no logging.

    framing   the byte stream cut into frames, and frames made of bytes
    messages  every request and response, declared by a table of fields
    values    integers, texts, blobs and statement parameters
    rows      the batches of a result set, decoded fast
    files     the body of a database dump, decoded as it arrives

What we cannot express is a LocalProtocolError; what the peer must not send is a RemoteProtocolError.
"""
