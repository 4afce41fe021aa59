"""Answers of admission webhooks: what counts, and what is refused."""

import base64

import pytest

from podo.server.webhooks.reviews import ReviewError, refusal, review_version, verdict_of

PATCH = base64.b64encode(b'[{"op":"add","path":"/a","value":1}]').decode()


def answer(version="v1", **response):
    body = {"uid": "1", "allowed": True} | response
    return {"kind": "AdmissionReview", "apiVersion": f"admission.k8s.io/{version}", "response": body}


def read(found, version="v1", *, mutating=True):
    return verdict_of(found, "1", version, mutating=mutating)


def test_a_patch_is_decoded():
    assert read(answer(patch=PATCH, patchType="JSONPatch")).patch == [{"op": "add", "path": "/a", "value": 1}]


@pytest.mark.parametrize(
    ("found", "mutating", "why"),
    [
        ({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}, True, "webhook response was absent"),
        (answer(uid="2"), True, 'expected response.uid="1", got "2"'),
        (answer(patch=PATCH), True, "webhook returned response.patch but not response.patchType"),
        (answer(patchType="JSONPatch"), True, "webhook returned response.patchType but not response.patch"),
        (answer(patch=PATCH, patchType="JSONPatch"), False, "validating webhook may not return response.patch"),
        (answer(patchType="JSONPatch"), False, "validating webhook may not return response.patchType"),
        (answer("v1beta1"), True, "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got"),
    ],
)
def test_what_is_no_answer(found, mutating, why):
    with pytest.raises(ReviewError, match=r"^received invalid webhook response: ") as caught:
        read(found, mutating=mutating)
    assert why in str(caught.value)


@pytest.mark.parametrize("patch", ["%%%", base64.b64encode(b"{").decode(), base64.b64encode(b"7").decode()])
def test_a_patch_that_cannot_be_read(patch):
    with pytest.raises(ReviewError, match=r"^received undecodable patch in webhook response"):
        read(answer(patch=patch, patchType="JSONPatch"))


def test_v1beta1_is_not_held_to_its_uid_and_patch_type():
    assert len(read(answer("v1beta1", uid="", patch=PATCH), "v1beta1").patch) == 1
    assert read(answer("v1beta1", patch=PATCH), "v1beta1", mutating=False).patch == ()


def test_the_first_known_version_counts():
    assert review_version(["v9", "v1beta1", "v1"]) == "v1beta1"
    with pytest.raises(ReviewError, match="does not accept known AdmissionReview versions"):
        review_version(["v9"])


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        ({}, "denied the request without explanation", 400),
        ({"reason": "R", "code": 200}, "denied the request: R", 400),
        ({"message": "m", "reason": "R", "code": 403}, "denied the request: m", 403),
    ],
)
def test_refusals(status, message, code):
    found = refusal("w", status).status()
    assert (found["message"], found["code"]) == (f'admission webhook "w" {message}', code)
    assert found["status"] == "Failure"
