"""A real SMTP server that keeps nothing: each mail is one line of JSON on standard output.

Whoever is called nobody does not exist (550), whoever is called later does not for the first time (451).
"""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP

seen = set()


def tell(line):
    print(json.dumps(line), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@") and address not in seen:
            seen.add(address)
            return "451 4.2.0 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("utf-8", "replace")
        tell({"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": text})
        return "250 OK"


async def main():
    port = int(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="sink.test"), "127.0.0.1", port)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
