"""The socket that the service listens on."""

import asyncio
import socket

from service.server import listen


def test_answers_do_not_wait_for_nagle() -> None:
    """Head and body of an answer leave at once: without it a client waits 40 ms for the second."""

    async def accepted() -> int:
        made: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        listener = listen("127.0.0.1", 0)
        server = await asyncio.start_server(
            lambda _, writer: made.put_nowait(writer), sock=listener
        )
        async with server:
            _, writer = await asyncio.open_connection(*listener.getsockname())
            served = await made.get()
            ours = served.get_extra_info("socket")
            at_once = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for end in (writer, served):
                end.close()
                await end.wait_closed()
        return int(at_once)

    assert asyncio.run(accepted()) == 1
