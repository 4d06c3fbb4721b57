"""`dipg-curriculum serve`."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--data",
    default="full",
    show_default=True,
    metavar="short|full|FILE.jsonl|OWNER/NAME",
    help="The vignettes.",
)
@click.option("--count", default=500, show_default=True, help="How many generated vignettes.")
@click.option("--seed", default=0, show_default=True, help="Of generated vignettes.")
@click.option("--prices", default="evaluation", show_default=True, metavar="NAME|FILE.toml",
              help="What the terms cost.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              help="Where to listen.")  # fmt: skip
@click.option("--skip-bad", is_flag=True, help="Leave bad lines of the data out, each reported.")
def serve(
    data: str, count: int, seed: int, prices: str, host: str, port: int, skip_bad: bool
) -> None:
    """Serve the environment over HTTP, in the protocol of OpenEnv (extra `serve`).

    Anyone who can reach the port can use it: there is no authentication, and it listens on this
    machine alone unless --host says otherwise. Synthetic content, for research, not for clinical
    use.

    \b
    Examples:
      dipg-curriculum serve
      dipg-curriculum serve --data eval.jsonl --prices soft --port 9000
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
    click.echo(f"DIPG environment, {len(vignettes)} vignettes, http://{host}:{port}. {NOTICE}")
    if host not in ("127.0.0.1", "localhost", "::1"):
        click.echo("Listening beyond this machine, without authentication.", err=True)
    uvicorn.run(
        create_app(vignettes, config),
        host=host,
        port=port,
        log_level="warning",
        limit_concurrency=MAX_CONNECTIONS,
        ws_max_size=MAX_BODY,
        server_header=False,
    )
