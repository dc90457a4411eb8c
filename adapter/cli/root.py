"""The command that all others belong to."""

from __future__ import annotations

import click

from adapter.logs import hold_standard_streams


@click.group()
@click.version_option(package_name="crmglot")
def main() -> None:
    """One CRM core that speaks the wire dialects of opentaps, Zurmo, AffinityLive, Crust and Capsule."""
    hold_standard_streams()
