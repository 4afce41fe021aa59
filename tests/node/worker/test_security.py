"""Which AppArmor profile a container gets."""

import pytest

from podo.node.images.base import ImageConfig
from podo.node.runtime.config import ProfileType, SecurityProfile
from podo.node.worker.security import security
from tests.node.build import container, pod
from tests.node.fakes import facts

KEY = "container.apparmor.security.beta.kubernetes.io/app"
LOADED = {"appArmorProfile": {"type": "Localhost", "localhostProfile": "mine"}}
MINE = SecurityProfile(ProfileType.LOCALHOST, "mine")
DEFAULT, NONE = SecurityProfile(ProfileType.RUNTIME_DEFAULT), SecurityProfile()


@pytest.mark.parametrize(
    ("wanted", "profile"),
    [
        (pod(), DEFAULT),
        (pod(securityContext=LOADED), MINE),
        (pod(container(securityContext={"appArmorProfile": {"type": "Unconfined"}}), securityContext=LOADED), NONE),
        (pod(meta={"annotations": {KEY: "localhost/mine"}}), MINE),
        (pod(meta={"annotations": {KEY: "unconfined"}}, securityContext=LOADED), NONE),
        (pod(meta={"annotations": {KEY: "nonsense"}}, securityContext=LOADED), MINE),
    ],
)
def test_the_nearest_word_counts(tmp_path, wanted, profile):
    here = facts(tmp_path, apparmor=True)
    assert security(wanted, wanted.spec.containers[0], ImageConfig(), here).apparmor == profile


def test_where_the_kernel_has_none_nobody_is_confined_unasked(tmp_path):
    wanted = pod()
    assert security(wanted, wanted.spec.containers[0], ImageConfig(), facts(tmp_path)).apparmor == NONE
