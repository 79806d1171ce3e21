"""Tags and ratings in XMP: beside pictures, in them, and what other programs change there."""

import asyncio
import os
import sys
import types
from pathlib import Path

import pytest
from holaf.holaf_image_viewer_backend import xmp_writing
from holaf.holaf_image_viewer_backend.file_reader import FileReader
from holaf.holaf_image_viewer_backend.headers import read_header
from holaf.holaf_image_viewer_backend.listing import Place
from holaf.holaf_image_viewer_backend.sidecars import parse_xmp
from holaf.holaf_image_viewer_backend.xmp import Damaged, Facts, packet
from library_rows import indexed_file
from PIL import Image

FOREIGN = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="darktable">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:1" xmlns:xap="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://example.org/not-dublin-core" xmlns:darktable="http://darktable.sf.net/"
    xmlns:d="http://purl.org/dc/elements/1.1/" xap:Rating="2" darktable:auto="1" dc:own="mine">
   <d:subject><rdf:Seq><rdf:li>old</rdf:li></rdf:Seq></d:subject>
   <d:title><rdf:Alt><rdf:li xml:lang="x-default">A &amp; B</rdf:li></rdf:Alt></d:title>
   <darktable:history><rdf:Seq><rdf:li darktable:op="exposure"/></rdf:Seq></darktable:history>
   <!-- by hand -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
KEPT = (
    'darktable:auto="1"',
    'dc:own="mine"',
    'darktable:op="exposure"',
    "A &amp; B",
    "<!-- by hand -->",
    'x:xmptk="darktable"',
    "<?xpacket end",
)


def test_a_packet_says_what_it_was_made_of_whatever_the_tags_are():
    tags = ('a "b" <c> & d', "🐈", "חתול", "  x", "=]]>")
    assert parse_xmp(packet(Facts(tags, 4))) == ([one.strip() for one in tags], 4)
    assert parse_xmp(packet(Facts((), 0))) == ([], None)


def test_what_other_programs_wrote_is_kept():
    made = packet(Facts(("new", "tags"), 5), FOREIGN.encode())
    assert parse_xmp(made) == (["new", "tags"], 5)
    for one in KEPT:
        assert one in made.decode()
    again = packet(Facts(("other",), 0), made)
    assert parse_xmp(again) == (["other"], None)
    assert again.count(b"<rdf:Description") == 2
    for one in KEPT:
        assert one in again.decode()
    assert parse_xmp(packet(Facts(("é",), 1), FOREIGN.encode("utf-16"))) == (["é"], 1)


def test_a_packet_that_cannot_be_read_is_not_changed():
    for old in (
        b"<x",
        b"\xff\xfe\xff",
        b"<a/>",
        b"<!DOCTYPE a><a/>",
        b"<a>" * 5000 + b"</a>" * 5000,
    ):
        with pytest.raises(Damaged):
            packet(Facts(("a",), 1), old)
    assert parse_xmp(packet(Facts(("a",), 1), b" \n")) == (["a"], 1)


@pytest.fixture
def write(pack, quiet_client):
    """Writes the XMP of some pictures; what became of it."""

    async def write(ids, where="sidecar"):
        response = await quiet_client.post(
            "/holaf/images/xmp/write", json={"ids": ids, "where": where}
        )
        answer = await response.json()
        if response.status != 200:
            return response.status, answer
        task = await asyncio.to_thread(pack.tasks.wait, answer["task"], 30)
        assert task.state == "done", task
        return task.result

    return write


@pytest.fixture
async def picture(pack, quiet_client):
    """a.png of the library, with a rating and two tags."""
    file = indexed_file(1, folder="", filename="a.png", format="PNG")
    (one,) = (await asyncio.to_thread(pack.images.store, [file])).added_ids
    await quiet_client.post(
        "/holaf/images/judge", json={"ids": [one], "rating": 4, "add_tags": ["fox", "snow"]}
    )
    return one


async def test_a_sidecar_is_written_once(folder, picture, write):
    assert (await write([picture, 10**6]))["written"] == 1
    made = folder / "a.png.xmp"
    assert parse_xmp(made.read_bytes()) == (["fox", "snow"], 4)
    before = made.stat()
    assert await write([picture]) == {"written": 0, "unchanged": 1, "failed": 0, "problems": []}
    assert made.stat().st_ino == before.st_ino


async def test_a_sidecar_of_another_name_is_used_where_it_belongs_to_the_picture(
    folder, picture, write
):
    (folder / "a.xmp").write_text(FOREIGN)
    (folder / "a.xmp").chmod(0o600)
    assert (await write([picture]))["written"] == 1
    assert parse_xmp((folder / "a.xmp").read_bytes()) == (["fox", "snow"], 4)
    assert (folder / "a.xmp").stat().st_mode & 0o777 == 0o600
    assert not (folder / "a.png.xmp").exists()


async def test_a_damaged_sidecar_is_left_as_it_is_and_named(folder, picture, write):
    (folder / "a.png.xmp").write_bytes(b"<x:xmpmeta")
    result = await write([picture])
    assert result["failed"] == 1
    assert result["problems"][0]["path"] == "a.png"
    assert "no XML that can be read" in result["problems"][0]["error"]
    assert (folder / "a.png.xmp").read_bytes() == b"<x:xmpmeta"


async def test_no_link_is_followed_out_of_the_library(folder, picture, write, tmp_path):
    outside = tmp_path / "outside.xmp"
    outside.write_text(FOREIGN)
    (folder / "a.png.xmp").symlink_to(outside)
    result = await write([picture])
    assert "is a link" in result["problems"][0]["error"]
    assert outside.read_text() == FOREIGN
    assert (folder / "a.png.xmp").is_symlink()


async def test_when_writing_fails_or_is_killed_the_old_sidecar_is_there(
    folder, picture, write, monkeypatch
):
    (folder / "a.png.xmp").write_text(FOREIGN)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(xmp_writing, "write_atomically", refuse)
        assert (await write([picture]))["problems"] == [
            {"path": "a.png", "error": "Permission denied"}
        ]
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", refuse)
        assert (await write([picture]))["failed"] == 1
    assert (folder / "a.png.xmp").read_text() == FOREIGN
    assert sorted(one.name for one in folder.iterdir()) == ["a.png", "a.png.xmp", "sub"]


async def test_a_sidecar_that_another_program_writes_meanwhile_is_read_again(
    folder, picture, write, monkeypatch
):
    beside = folder / "a.png.xmp"
    beside.write_text(FOREIGN)
    found = xmp_writing.packet

    def packet(facts, old):
        if b"appeared" not in old:
            beside.write_text(FOREIGN.replace("by hand", "appeared"))
        return found(facts, old)

    monkeypatch.setattr(xmp_writing, "packet", packet)
    assert (await write([picture]))["written"] == 1
    assert b"appeared" in beside.read_bytes()
    assert parse_xmp(beside.read_bytes()) == (["fox", "snow"], 4)


@pytest.fixture
async def photo(pack, quiet_client, folder):
    """b.jpg of the library, with a rating and two tags."""
    Image.new("RGB", (8, 8)).save(folder / "b.jpg")
    file = indexed_file(2, folder="", filename="b.jpg", format="JPEG")
    (one,) = (await asyncio.to_thread(pack.images.store, [file])).added_ids
    await quiet_client.post(
        "/holaf/images/judge", json={"ids": [one], "rating": 4, "add_tags": ["fox", "snow"]}
    )
    return one


async def test_without_exempi_the_user_hears_what_to_install(photo, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "libxmp", None)
    status, refused = await write([photo], "file")
    assert (status, refused["field"]) == (400, "where")
    assert "python-xmp-toolkit" in refused["error"]
    assert (await write([photo], "elsewhere"))[0] == 400


async def test_a_png_needs_no_exempi_and_keeps_all_else(folder, picture, write, monkeypatch):
    monkeypatch.setitem(sys.modules, "libxmp", None)
    path = folder / "a.png"
    os.utime(path, ns=(10**18, 10**18))
    path.chmod(0o640)
    before = read_header(str(path), "a.png")
    for _ in range(2):
        assert (await write([picture], "file"))["written"] == 1
        after = read_header(str(path), "a.png")
        assert parse_xmp(after.xmp) == (["fox", "snow"], 4)
        assert (after.texts, after.pixel_key) == (before.texts, before.pixel_key)
        assert path.read_bytes().count(b"XML:com.adobe.xmp") == 1
    with Image.open(path) as opened:
        opened.load()
    assert path.stat().st_mtime_ns == 10**18
    assert path.stat().st_mode & 0o777 == 0o640
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert "ends early" in (await write([picture], "file"))["problems"][0]["error"]
    assert path.read_bytes() == whole[:-20]
    assert sorted(one.name for one in folder.iterdir()) == ["a.png", "sub"]


async def test_what_exempi_would_spoil_is_left_as_it_was(folder, photo, write, monkeypatch):
    """With Exempi replaced: it is on few machines, and spoils only some WebP files."""
    said = []

    class Meta:
        def delete_property(self, *names):
            said.append(("delete", names[-1]))

        def append_array_item(self, _space, _name, value, _options):
            said.append(value)

        def set_property(self, _space, name, value):
            said.append((name, value))

    class Files:
        def __init__(self, file_path, open_forupdate):
            self.path = Path(file_path)

        def get_xmp(self):
            return None

        def can_put_xmp(self, _meta):
            return True

        def put_xmp(self, _meta):
            packet_of = packet(Facts(("fox", "snow"), 4))
            data = b"http://ns.adobe.com/xap/1.0/\0" + packet_of
            marker = b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data
            old = self.path.read_bytes()
            self.path.write_bytes(
                b"spoilt" if said[:1] == ["spoil"] else old[:2] + marker + old[2:]
            )

        def close_file(self):
            said.append("closed")

    fake = types.ModuleType("libxmp")
    fake.XMPFiles, fake.XMPMeta, fake.XMPError = Files, Meta, type("XMPError", (Exception,), {})
    fake.files = types.ModuleType("libxmp.files")
    fake.files.XMPFiles = Files
    consts = types.ModuleType("libxmp.consts")
    consts.XMP_NS_DC, consts.XMP_NS_XMP = "dc", "xmp"
    for name, module in (("libxmp", fake), ("libxmp.files", fake.files), ("libxmp.consts", consts)):
        monkeypatch.setitem(sys.modules, name, module)
    assert (await write([photo], "file"))["written"] == 1
    assert said == [("delete", "subject"), "fox", "snow", ("Rating", "4"), "closed"]
    before = (folder / "b.jpg").read_bytes()
    assert parse_xmp(read_header(str(folder / "b.jpg"), "b.jpg").xmp) == (["fox", "snow"], 4)
    said[:] = ["spoil"]
    assert "left as it is" in (await write([photo], "file"))["problems"][0]["error"]
    assert (folder / "b.jpg").read_bytes() == before
    assert sorted(one.name for one in folder.iterdir()) == ["a.png", "b.jpg", "sub"]


async def test_the_newest_rating_counts_wherever_it_was_given(pack, picture, quiet_client):
    async def rating():
        response = await quiet_client.get(f"/holaf/images/judged?id={picture}")
        return (await response.json())["rating"]

    async def read(rating, rated_at):
        file = indexed_file(1, folder="", filename="a.png", rating=rating, rated_at=rated_at)
        await asyncio.to_thread(pack.images.store, [file])

    await read(2, 1000.0)  # an old sidecar
    assert await rating() == 4
    await read(2, 4e9)  # another program, after the user
    assert await rating() == 2
    await read(0, 5e9)
    assert await rating() == 0
    response = await quiet_client.post("/holaf/images/list", json={"search": "rating:0"})
    assert (await response.json())["filtered_count"] == 1


def test_a_sidecar_says_a_rating_and_when_it_was_given(folder):
    beside = folder / "a.png.xmp"
    beside.write_bytes(packet(Facts(("sea",), 3)))
    os.utime(beside, (5000, 5000))
    path = folder / "a.png"
    place = Place("output", "", "a.png", str(path), path.stat())
    file = FileReader().read(place)
    assert (file.rating, file.rated_at, file.tags) == (3, 5000.0, ("sea",))
    beside.unlink()
    assert FileReader().read(place).rating is None
