"""What the stack says when it is ready: its addresses and a command that uploads a photo."""

import shlex
from pathlib import Path

from local_stack.stack_folder import StackFolder

# Begins the text; whoever runs the stack as a process can wait for it.
READY = "Ready in "


def how_to_use(base_url: str, admin_url: str, folder: StackFolder, seconds: float) -> str:
    """The text for the terminal after a start that took `seconds`."""
    return (
        f"\n{READY}{seconds:.1f} s: {base_url}\n\nUpload a photo:\n\n"
        f"{curl_line(base_url, folder)}\n\n"
        f"Run the service: {admin_url}/admin/, after `make createsuperuser`.\n"
        f"Logs: {folder.logs}. Ctrl-C stops everything.\n\n"
    )


def curl_line(base_url: str, folder: StackFolder) -> str:
    """One line to paste: it uploads with the key of this stack."""
    photo = shlex.quote(f"images=@{_short(folder.sample_photo)}")
    key = f"$(cat {shlex.quote(_short(folder.api_key))})"
    return f'curl -s -H "Authorization: Bearer {key}" -F {photo} {base_url}/api/upload/'


def _short(path: Path) -> str:
    """`path` as seen from the current folder where it lies below, else absolute."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
