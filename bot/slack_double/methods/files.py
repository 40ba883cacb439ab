"""files.getUploadURLExternal and files.completeUploadExternal."""

from __future__ import annotations

from typing import Any

from bot.slack_double.backend import Backend
from bot.slack_double.files import File
from bot.slack_double.methods.chat import check_thread
from bot.slack_double.registry import JsonDict, Refusal, method
from bot.slack_double.workspace import Channel

ALT_TEXT = 1_000


@method(
    "files.getUploadURLExternal",
    tier="tier4",
    scope="files:write",
    required="filename length",
    text="filename alt_txt snippet_type",
    numbers="length",
)
def files_get_upload_url_external(backend: Backend, args: JsonDict) -> JsonDict:
    """Announce a file and get the address to send it to."""
    if args["length"] <= 0:
        raise Refusal("invalid_arguments", "[ERROR] must be greater than 0 [json-pointer:/length]")
    if len(args.get("alt_txt", "")) > ALT_TEXT:
        raise Refusal("alt_txt_too_large")
    file, ticket = backend.files.announce(args["filename"], args["length"], args.get("alt_txt", ""))
    return {"file_id": file.id, "upload_url": f"{backend.server_url}/upload/{ticket}"}


@method(
    "files.completeUploadExternal",
    tier="tier4",
    scope="files:write",
    required="files",
    text="channel_id channels initial_comment thread_ts",
    documents="files",
)
def files_complete_upload_external(backend: Backend, args: JsonDict) -> JsonDict:
    """Finish uploads and share them; the answer does not tell the message's ts."""
    found = [(_uploaded(backend, entry), str(entry.get("title") or "")) for entry in _entries(args["files"])]
    names = args.get("channels") or args.get("channel_id") or ""
    channels = [_shareable(backend, name, args.get("thread_ts")) for name in names.split(",") if name]
    for file, title in found:
        backend.files.complete(file, title)
    shown = [file.as_slack(backend.server_url) for file, _ in found]
    for channel in channels:
        backend.messages.post(
            channel,
            backend.now(),
            backend.workspace.bot_user_id,
            text=args.get("initial_comment") or "",
            thread_ts=args.get("thread_ts"),
            files=shown,
        )
    return {"files": shown}


def _entries(files: Any) -> list[JsonDict]:
    if not isinstance(files, list) or not files or not all(isinstance(entry, dict) for entry in files):
        raise Refusal("invalid_arguments", "[ERROR] must be a list of files [json-pointer:/files]")
    return files


def _uploaded(backend: Backend, entry: JsonDict) -> File:
    file = backend.files.files.get(str(entry.get("id")))
    if file is None or file.content is None or file.is_complete:
        raise Refusal("file_not_found")
    return file


def _shareable(backend: Backend, channel_id: str, thread_ts: str | None) -> Channel:
    channel = backend.conversation(channel_id)
    if not backend.is_member(channel):
        raise Refusal("not_in_channel")
    if channel.is_archived:
        raise Refusal("is_archived")
    check_thread(backend, channel, thread_ts)
    return channel
