"""Files that exist in the sandbox: small real ones that a demo customer sends, and what the bot uploads."""

from __future__ import annotations

import secrets
import struct
import zlib
from functools import cache
from typing import NamedTuple

from sandbox.telegram.model import Media


class StoredFile(NamedTuple):
    """A file by its path under `/file/bot<TOKEN>/`."""

    path: str
    mime_type: str
    body: bytes


class Files:
    """Every file of the sandbox by `file_id`, in memory."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._paths: dict[str, StoredFile] = {}
        self._media: dict[str, Media] = {}
        self._sample_ids = {
            "photo": self.add("photo", "photo.png", "image/png", _png(320, 200)).file_id,
            "voice": self.add("voice", "voice.oga", "audio/ogg", _ogg_silence(2)).file_id,
            "document": self.add("document", "receipt.pdf", "application/pdf", _pdf("Demo receipt")).file_id,
        }

    def sample(self, kind: str) -> Media:
        """A file of this kind (photo, voice, document) that a customer sends. KeyError for another kind."""
        return self._media[self._sample_ids[kind]]

    def add(self, kind: str, name: str, mime_type: str, body: bytes) -> Media:
        """Keep a file and give it an id."""
        file_id = f"{kind[:2]}{secrets.token_urlsafe(24)}"
        stored = StoredFile(f"{kind}s/file_{len(self._files)}.{name.rpartition('.')[2]}", mime_type, body)
        self._files[file_id] = self._paths[stored.path] = stored
        media = Media(kind, file_id, name, mime_type, len(body))
        if kind == "photo":
            media.width, media.height = _png_size(body)
        elif kind == "voice":
            media.duration = 2
        self._media[file_id] = media
        return media

    def linked(self, kind: str, url: str) -> Media:
        """A file that the bot named by its address. Telegram would fetch it; the sandbox stays offline."""
        name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
        file_id = f"{kind[:2]}{secrets.token_urlsafe(24)}"
        media = Media(kind, file_id, name, "application/octet-stream", 0, url)
        media.width, media.height = _png_size(b"")
        self._media[media.file_id] = media
        return media

    def media(self, file_id: str) -> Media | None:
        """What was sent under this id."""
        return self._media.get(file_id)

    def by_id(self, file_id: str) -> StoredFile | None:
        """The bytes behind an id; None for one that only has an address."""
        return self._files.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """The bytes behind the path that getFile told."""
        return self._paths.get(path)


def _png_size(body: bytes) -> tuple[int, int]:
    """Width and height in pixels; a plain guess for what is not a PNG."""
    if body.startswith(b"\x89PNG\r\n\x1a\n") and len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])
        return int(width), int(height)
    return 640, 480


@cache
def _png(width: int, height: int) -> bytes:
    """A picture of nothing in particular: a soft sky over a hill."""
    rows = bytearray()
    for y in range(height):
        hill = min(width, int(max(0.0, y - height * 0.55) ** 0.5 * width * 0.11))
        left, right = max(0, int(width * 0.4) - hill), min(width, int(width * 0.4) + hill)
        sky = bytes((150 + y // 4, 190 + y // 6, 226))
        rows += b"\0" + sky * left + bytes((88, 138, 96)) * (right - left) + sky * (width - right)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


@cache
def _ogg_silence(seconds: int) -> bytes:
    """Silence as Ogg Opus, the format of voice messages (RFC 3533, RFC 7845)."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 5) + b"sigap" + struct.pack("<I", 0)
    # 20 ms of silence a packet, 960 samples at 48 kHz.
    packets = [b"\xf8\xff\xfe"] * (seconds * 50)
    return _ogg_page([head], 0, 2, 0) + _ogg_page([tags], 1, 0, 0) + _ogg_page(packets, 2, 4, 960 * len(packets))


def _ogg_page(packets: list[bytes], number: int, flags: int, granule: int) -> bytes:
    sizes = bytes(len(packet) for packet in packets)
    head = b"OggS" + struct.pack("<BBqIII", 0, flags, granule, 1, number, 0) + bytes([len(sizes)]) + sizes
    page = head + b"".join(packets)
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", crc) + page[26:]


def _pdf(title: str) -> bytes:
    """One page with one line."""
    stream = f"BT /F1 24 Tf 72 720 Td ({title}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
