"""The edge to nftables: whole transactions through nft(8)."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class NftFailure(Exception):
    """nft refused a transaction; nothing of it is in force."""


class Nft(Protocol):
    """Applies transactions."""

    async def apply(self, commands: Iterable[str]) -> None:
        """All of the commands take effect at one moment, or none does. Raises NftFailure."""
        ...

    async def tables(self) -> list[tuple[str, str]]:
        """(family, name) of all tables. Raises NftFailure."""
        ...


class NftCommand:
    """nft(8) in the namespace bound at `netns`; None is our own."""

    def __init__(self, netns: Path | None = None) -> None:
        self._prefix = ("nsenter", f"--net={netns}") if netns else ()

    async def apply(self, commands: Iterable[str]) -> None:
        """Run the commands as one transaction. Raises NftFailure."""
        script = "\n".join(commands) + "\n"
        if script.strip():
            await self._run("-f", "-", script=script)

    async def tables(self) -> list[tuple[str, str]]:
        """(family, name) of all tables. Raises NftFailure."""
        words = [line.split() for line in (await self._run("list", "tables")).splitlines()]
        return [(family, name) for _, family, name in words]

    async def _run(self, *arguments: str, script: str = "") -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._prefix, "nft", *arguments, stdin=PIPE if script else DEVNULL, stdout=PIPE, stderr=PIPE
            )
        except FileNotFoundError as error:
            raise NftFailure("nft is not installed: apt install nftables") from error
        try:
            output, errors = await process.communicate(script.encode() if script else None)
        except asyncio.CancelledError:
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise NftFailure(errors.decode(errors="replace").strip() or f"nft ended with {process.returncode}")
        return output.decode()
