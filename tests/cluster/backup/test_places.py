"""Where backups are kept: a true folder here; a true object store in tests/e2e/test_backup_schedule.py."""

import pytest

from podo.cluster.backup.places import Folder, Kept, place_of, prune, read_secret
from podo.cluster.errors import ClusterError


def kept(folder: Folder, tmp_path, *names: str) -> None:
    for name in names:
        file = tmp_path / name
        file.write_text(name)
        folder.put(file)
        assert not file.exists()


def test_a_folder_keeps_backups_and_gives_them_back(tmp_path):
    folder = Folder(tmp_path / "kept/here")
    kept(folder, tmp_path, "b-2.podobackup", "b-1.podobackup")
    (tmp_path / "kept/here/other.txt").touch()
    assert folder.all() == [Kept("b-1.podobackup", 14), Kept("b-2.podobackup", 14)]
    with folder.opened("b-1.podobackup") as file:
        assert file.read() == b"b-1.podobackup"
    folder.delete("b-1.podobackup")
    folder.delete("b-1.podobackup")
    assert [k.name for k in folder.all()] == ["b-2.podobackup"]


def test_only_the_newest_of_a_cluster_are_kept(tmp_path):
    folder = Folder(tmp_path / "kept")
    kept(folder, tmp_path, *(f"{name}-{n}.podobackup" for name in ("a", "b") for n in range(3)))
    assert prune(folder, "a", 0) == []
    assert prune(folder, "a", 2) == ["a-0.podobackup"]
    assert len(folder.all()) == 5


def test_object_storage_wants_credentials(tmp_path):
    with pytest.raises(ClusterError, match="--store-file"):
        place_of("blob:box", None)
    (tmp_path / "s").write_text("# azure\n\naccountName = a\naccountKey=a2V5==\n")
    assert read_secret(tmp_path / "s") == {"accountName": "a", "accountKey": "a2V5=="}
    place_of("blob:box/folder", tmp_path / "s")
    with pytest.raises(ClusterError, match="is not the name of a container"):
        place_of("blob:Box!", tmp_path / "s")
    with pytest.raises(ClusterError, match="accessKeyId"):
        place_of("s3:box", tmp_path / "s")


@pytest.mark.parametrize("text", ["", "no pair", "=x"])
def test_a_file_that_has_no_pairs_is_refused(tmp_path, text):
    (tmp_path / "s").write_text(text)
    with pytest.raises(ClusterError, match="KEY=VALUE"):
        read_secret(tmp_path / "s")
    with pytest.raises(ClusterError, match="cannot be read"):
        read_secret(tmp_path / "missing")
