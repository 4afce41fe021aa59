from podo.node.mounts import mount_points

INFO = """\
22 1 8:1 / / rw shared:1 - ext4 /dev/root rw
23 22 0:5 / /proc rw - proc proc rw
40 22 0:40 / /var/a\\040b\\134c rw - tmpfs tmpfs rw
"""


def test_mount_points_are_read_in_order_with_their_blanks():
    assert mount_points(INFO) == ["/", "/proc", "/var/a b\\c"]
