import os
import stat
import subprocess

import pytest

from podo.node.images.base import ImageFailure
from podo.node.images.layer import unpack
from tests.node.images.tars import entry, hard_link, layer, symlink


@pytest.fixture
def target(tmp_path):
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def unpacked(tmp_path, target, *entries, **options):
    unpack(layer(tmp_path, *entries, **options)[0], target, layer(tmp_path, *entries, **options)[1])
    return target


@pytest.mark.parametrize("compressed", [False, True])
def test_files_folders_and_links_appear(tmp_path, target, compressed):
    unpacked(
        tmp_path,
        target,
        entry("./bin", None),
        entry("bin/a", b"hello", mode=0o755),
        symlink("bin/b", "a"),
        hard_link("c", "bin/a"),
        compressed=compressed,
    )
    assert (target / "bin/a").read_bytes() == b"hello"
    assert stat.S_IMODE((target / "bin/a").stat().st_mode) == 0o755
    assert os.readlink(target / "bin/b") == "a"
    assert (target / "c").stat().st_ino == (target / "bin/a").stat().st_ino
    assert (target / "bin").stat().st_mtime == 1_000_000_000


def test_zstd_layers_are_read(tmp_path, target):
    blob, diff_id = layer(tmp_path, entry("a", b"x"))
    packed = tmp_path / "packed"
    try:
        subprocess.run(["zstd", "-q", blob, "-o", packed], check=True)
    except FileNotFoundError:
        packed.write_bytes(b"\x28\xb5\x2f\xfd")
        with pytest.raises(ImageFailure, match="install zstd"):
            unpack(packed, target, diff_id)
    else:
        unpack(packed, target, diff_id)
        assert (target / "a").read_bytes() == b"x"


def test_missing_parents_are_made(tmp_path, target):
    unpacked(tmp_path, target, entry("a/b/c", b"x"))
    assert (target / "a/b/c").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["../../outside/evil", "/../outside/evil", "/outside/evil", "a/../../outside/evil"])
def test_no_name_leads_out(tmp_path, target, name):
    unpacked(tmp_path, target, entry(name, b"x"))
    assert list((tmp_path / "outside").iterdir()) == []
    assert (target / "outside/evil").read_bytes() == b"x"


@pytest.mark.parametrize("to", ["../outside", "/outside", "../../../outside", "./../outside"])
def test_a_link_is_followed_inside_only(tmp_path, target, to):
    unpacked(tmp_path, target, symlink("way", to), entry("way/evil", b"x"))
    assert list((tmp_path / "outside").iterdir()) == []
    assert (target / "outside/evil").read_bytes() == b"x"


def test_a_link_to_a_host_path_is_followed_inside_only(tmp_path, target):
    outside = tmp_path / "outside"
    unpacked(tmp_path, target, symlink("way", str(outside)), entry("way/evil", b"x"))
    assert list(outside.iterdir()) == []


def test_a_file_over_a_link_replaces_the_link(tmp_path, target):
    victim = tmp_path / "outside/victim"
    victim.write_text("safe")
    unpacked(tmp_path, target, symlink("way", str(victim)), entry("way", b"x"))
    assert victim.read_text() == "safe"
    assert (target / "way").read_bytes() == b"x"


def test_a_hard_link_cannot_reach_out(tmp_path, target):
    (tmp_path / "outside/secret").write_text("s")
    with pytest.raises(ImageFailure, match="links to"):
        unpacked(tmp_path, target, hard_link("way", "../outside/secret"))


def test_links_in_a_circle_end(tmp_path, target):
    with pytest.raises(ImageFailure, match="too many links"):
        unpacked(tmp_path, target, symlink("a", "b"), symlink("b", "a"), entry("a/x", b""))


def test_a_path_through_a_file_is_refused(tmp_path, target):
    with pytest.raises(ImageFailure, match="leads through a file"):
        unpacked(tmp_path, target, entry("a", b""), entry("a/x", b""))


def test_a_cached_parent_is_forgotten_when_it_is_replaced(tmp_path, target):
    outside = tmp_path / "outside"
    unpacked(tmp_path, target, entry("d", None), entry("d/x", b"1"), symlink("d", str(outside)), entry("d/y", b"2"))
    assert list(outside.iterdir()) == []


def test_a_later_entry_of_a_name_wins(tmp_path, target):
    unpacked(tmp_path, target, entry("a", b"1"), entry("a", b"22"))
    assert (target / "a").read_bytes() == b"22"


def test_a_folder_named_again_keeps_its_content(tmp_path, target):
    unpacked(tmp_path, target, entry("d", None), entry("d/x", b"1"), entry("d", None, mode=0o700))
    assert (target / "d/x").exists()
    assert stat.S_IMODE((target / "d").stat().st_mode) == 0o711


def test_another_content_than_promised_is_refused(tmp_path, target):
    blob, _ = layer(tmp_path, entry("a", b"1"))
    with pytest.raises(ImageFailure, match="is damaged: its content is sha256:"):
        unpack(blob, target, "sha256:" + "0" * 64)


@pytest.mark.parametrize("cut", [1, 600])
def test_a_cut_layer_is_refused(tmp_path, target, cut):
    blob, diff_id = layer(tmp_path, entry("a", b"1" * 5000), compressed=True)
    blob.write_bytes(blob.read_bytes()[:-cut])
    with pytest.raises(ImageFailure, match="damaged"):
        unpack(blob, target, diff_id)


@pytest.mark.e2e
def test_whiteouts_become_overlays_own(tmp_path, target):
    unpacked(
        tmp_path,
        target,
        entry("d/.wh.gone", b""),
        entry("o/.wh..wh..opq", b""),
        entry("o/new", b"x"),
        entry(".wh..wh.plnk", b""),
    )
    gone = (target / "d/gone").stat()
    assert stat.S_ISCHR(gone.st_mode)
    assert gone.st_rdev == os.makedev(0, 0)
    assert os.getxattr(target / "o", "trusted.overlay.opaque") == b"y"
    assert sorted(p.name for p in target.iterdir()) == ["d", "o"]


@pytest.mark.e2e
def test_a_layer_cannot_bring_overlays_attributes(tmp_path, target):
    unpacked(tmp_path, target, entry("d", None, pax_headers={"SCHILY.xattr.trusted.overlay.redirect": "/etc"}))
    assert os.listxattr(target / "d") == []


@pytest.mark.e2e
@pytest.mark.parametrize("base", [".wh.", ".wh..", ".wh..."])
def test_a_whiteout_of_nothing_is_refused(tmp_path, target, base):
    with pytest.raises(ImageFailure, match="hides nothing"):
        unpacked(tmp_path, target, entry(f"d/{base}", b""))


@pytest.mark.e2e
def test_owners_and_capabilities_are_kept(tmp_path, target):
    capability = (0x2000001).to_bytes(4, "little") + bytes([0, 4, 0, 0]) + bytes(12)
    headers = {"SCHILY.xattr.security.capability": capability.decode("utf-8", "surrogateescape")}
    unpacked(tmp_path, target, entry("ping", b"x", mode=0o4755, uid=7, gid=8, pax_headers=headers))
    info = (target / "ping").stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (7, 8, 0o4755)
    assert os.getxattr(target / "ping", "security.capability") == capability
