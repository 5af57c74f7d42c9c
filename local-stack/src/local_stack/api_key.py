"""The API key of the stack, for scripts on this machine."""

from local_stack.secrets_folder import keep_private
from local_stack.stack_folder import StackFolder
from upload_gateway.api_key_file import Scope
from upload_gateway.issue_api_key import api_key_entry, new_api_key

_OWNER = "local"


def make_api_key(folder: StackFolder) -> None:
    """Make the key and the file of keys where one is missing; further keys in it stay."""
    if not folder.api_key.exists():
        keep_private(folder.api_key, new_api_key() + "\n")
        # The entry of the key before is of no use any more.
        folder.api_keys_file.unlink(missing_ok=True)
    if not folder.api_keys_file.exists():
        entry = api_key_entry(folder.api_key.read_text("ascii").strip(), _OWNER, Scope)
        keep_private(folder.api_keys_file, f"keys:\n{entry}")
