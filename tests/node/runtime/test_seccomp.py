import msgspec
import pytest

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ProfileType, SecurityProfile
from podo.node.runtime.seccomp import Machine, linux_seccomp, resolve_profile

AMD, ARM = Machine("amd64", (6, 1)), Machine("arm64", (4, 19))
RULES = [
    {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {}, "excludes": {}},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.20"}},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"name": "old", "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["arm64"], "minKernel": "6.0"}},
]
PROFILE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": RULES,
}


@pytest.mark.parametrize(
    ("capabilities", "machine", "names"),
    [
        (set(), AMD, ["read", "arch_prctl", "ptrace", "clone", "old"]),
        ({"CAP_SYS_ADMIN"}, AMD, ["read", "arch_prctl", "ptrace", "mount", "old"]),
        (set(), ARM, ["read", "clone", "old"]),
    ],
)
def test_conditions_are_decided(capabilities, machine, names):
    found = resolve_profile(PROFILE, capabilities, machine)
    assert [name for rule in found["syscalls"] for name in rule["names"]] == names
    assert not any({"includes", "excludes"} & rule.keys() for rule in found["syscalls"])


def test_codes_arguments_and_architectures_stay():
    found = resolve_profile(PROFILE, set(), AMD)
    assert found["defaultErrnoRet"] == 1
    assert found["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
    assert found["syscalls"][3]["errnoRet"] == 38
    assert found["syscalls"][4]["args"] == [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]


def test_a_profile_in_oci_form_is_taken_as_it_is():
    plain = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": None}
    assert resolve_profile(plain, set(), AMD) == plain | {"syscalls": []}


def test_a_local_profile_is_read_and_a_bad_one_named(tmp_path):
    file = tmp_path / "p.json"
    profile = SecurityProfile(ProfileType.LOCALHOST, str(file))
    with pytest.raises(RuntimeFailure, match="cannot load seccomp profile"):
        linux_seccomp(profile, set(), AMD)
    file.write_text("[]")
    with pytest.raises(RuntimeFailure, match="cannot load seccomp profile"):
        linux_seccomp(profile, set(), AMD)
    file.write_bytes(msgspec.json.encode(PROFILE))
    assert linux_seccomp(profile, set(), AMD)["defaultAction"] == "SCMP_ACT_ERRNO"


def test_unconfined_is_none():
    assert linux_seccomp(SecurityProfile(), set(), AMD) is None
