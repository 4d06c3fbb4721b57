"""`dipg-curriculum doctor`."""

from __future__ import annotations

import click

from dipg.app.cli.telling import json_option, tell


@click.command()
@click.option("--no-devices", is_flag=True, help="Do not ask jax which devices there are.")
@json_option()
def doctor(no_devices: bool, as_json: bool) -> int:
    """Say what is installed, which devices there are, and what is missing.

    Exits with 0 where this project can work here, with 1 where it cannot; each problem names its
    way out.

    \b
    Examples:
      dipg-curriculum doctor
      dipg-curriculum doctor --json
      dipg-curriculum doctor --no-devices
    """
    from dipg.app.doctor import Diagnosis, diagnose

    found: Diagnosis = diagnose(devices=not no_devices)
    if as_json:
        tell(found.to_json())
        return 1 if found.problems else 0
    memory = "" if found.memory_gib is None else f", {found.memory_gib:.1f} GiB of memory"
    disk = "" if found.disk_free_gib is None else f", {found.disk_free_gib:.0f} GiB free here"
    click.echo(f"dipg-curriculum {found.version}, Python {found.python}, {found.system}")
    click.echo(f"{found.processors} processors{memory}{disk}")
    if "devices" in found.devices:
        kinds = [f"{d['platform']} {d['kind']}" for d in found.devices["devices"]]
        told = ", ".join(f"{kinds.count(k)} x {k}" for k in dict.fromkeys(kinds))
        click.echo(f"jax runs on {found.devices['backend']}: {told}")
    click.echo("\nNeeded")
    for package in found.packages:
        mark = "ok     " if package.fits else "MISSING" if package.found is None else "WRONG  "
        click.echo(f"  {mark}  {package.name} {package.found or ''}  ({package.wanted or 'any'})")
    click.echo("\nExtras")
    for extra in found.extras:
        lacking = [p.name if p.found is None else f"{p.name} {p.found}"
                   for p in extra.packages if not p.fits]  # fmt: skip
        state = "ok     " if extra.complete else "not in "
        way = "" if extra.complete else f"  pip install 'dipg-curriculum[{extra.name}]'"
        more = f"  (lacks {', '.join(lacking)})" if lacking else ""
        click.echo(f"  {state}  {extra.name}{more}{way}")
    click.echo("\n" + ("\n".join(found.problems) if found.problems else "Nothing is missing."))
    return 1 if found.problems else 0
