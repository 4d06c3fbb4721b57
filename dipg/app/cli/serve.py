"""`dipg-curriculum serve`."""

from __future__ import annotations

import socket

import click

from dipg.app.cli.telling import json_option, tell


@click.command()
@click.option(
    "--data",
    default="full",
    show_default=True,
    metavar="short|full|FILE.jsonl|OWNER/NAME",
    help="The vignettes.",
)
@click.option("--count", default=500, show_default=True, type=click.IntRange(1),
              help="How many generated vignettes.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of generated vignettes.")
@click.option("--prices", default="evaluation", show_default=True, metavar="NAME|FILE.toml",
              help="What the terms cost.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              help="Where to listen.")  # fmt: skip
@click.option("--skip-bad", is_flag=True, help="Leave bad lines of the data out, each reported.")
@json_option("Once it listens, say where as one JSON object, and nothing more.")
def serve(
    data: str,
    count: int,
    seed: int,
    prices: str,
    host: str,
    port: int,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """Serve the environment over HTTP, in the protocol of OpenEnv (extra `serve`).

    Anyone who can reach the port can use it: there is no authentication, and it listens on this
    machine alone unless --host says otherwise. Port 0 takes a free one. Synthetic content, for
    research, not for clinical use.

    \b
    Examples:
      dipg-curriculum serve
      dipg-curriculum serve --data eval.jsonl --prices soft --port 9000
      dipg-curriculum serve --port 0 --json
    """
    from dipg import NOTICE
    from dipg.app.cli.evaluate import vignettes_named
    from dipg.app.cli.score import prices_named

    config = prices_named(prices)
    vignettes = vignettes_named(data, count, seed, skip_bad)
    try:
        import uvicorn

        from dipg.server import MAX_BODY, MAX_CONNECTIONS, create_app
    except ImportError as error:
        raise click.UsageError(
            f'serve needs: pip install "dipg-curriculum[serve]" ({error})'
        ) from None
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        tell(
            {"url": url, "host": host, "port": port, "vignettes": len(vignettes), "notice": NOTICE}
        )
    else:
        click.echo(f"DIPG environment, {len(vignettes)} vignettes, {url}. {NOTICE}")
    if host not in ("127.0.0.1", "localhost", "::1"):
        click.echo("Listening beyond this machine, without authentication.", err=True)
    settings = uvicorn.Config(
        create_app(vignettes, config),
        log_level="warning",
        limit_concurrency=MAX_CONNECTIONS,
        ws_max_size=MAX_BODY,
        server_header=False,
    )
    uvicorn.Server(settings).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; who connects from now on is answered once the server is up.

    Raises:
      click.UsageError: no such address, or a port that is taken or not for this user.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(found[4][:2], family=found[0])
    except OSError as error:
        raise click.UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from None
