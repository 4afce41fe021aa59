"""Approve the requests of nodes for their client certificates, where whoever asks may have one unseen."""

import msgspec

from podo.api.timestamps import format_time
from podo.api.types.authorization_v1 import ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec
from podo.api.types.certificates_v1 import CertificateSigningRequest, CertificateSigningRequestCondition
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import certificate_requests as requests
from podo.controllers.base import DONE, Outcome, Watch, itself

GROUP, PLURAL = "certificates.k8s.io", "certificatesigningrequests"
RIGHTS = {
    "selfnodeclient": "Auto approving self kubelet client certificate after SubjectAccessReview.",
    "nodeclient": "Auto approving kubelet client certificate after SubjectAccessReview.",
}
"""The subresources that whoever asks must be allowed to create, with what the condition then says."""


class CSRApproving:
    """Reads CertificateSigningRequest; writes the condition Approved. Asks the API who may what."""

    name = "csrapproving"
    watches = (Watch(CertificateSigningRequest, to=itself),)

    def __init__(self, client: CachedClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._requests = client.informer(CertificateSigningRequest)

    async def reconcile(self, key: Key) -> Outcome:
        request = self._requests.get(key)
        if request is None:
            return DONE
        for right in rights(request):
            answer = await self._client.create(question(request, right))
            if answer.status.allowed:
                await self._client.update(self._approved(request, RIGHTS[right]), subresource="approval")
                return DONE
        return DONE

    def _approved(self, request: CertificateSigningRequest, message: str) -> CertificateSigningRequest:
        condition = CertificateSigningRequestCondition(
            type="Approved",
            status="True",
            reason="AutoApproved",
            message=message,
            last_update_time=format_time(self._clock.now()),
        )
        status = msgspec.structs.replace(request.status, conditions=(*request.status.conditions, condition))
        return msgspec.structs.replace(request, status=status)


def rights(request: CertificateSigningRequest) -> list[str]:
    """One of these must whoever asks have, so that the request is approved; none for what is not for us to judge."""
    spec, status = request.spec, request.status
    if spec.signer_name != requests.KUBELET_CLIENT or status.certificate or requests.has(request, "Approved", "Denied"):
        return []
    try:
        names = requests.wanted(requests.parse(spec.request))
    except requests.BadRequest:
        return []
    if not requests.is_kubelet_client(spec, names):
        return []
    return ["selfnodeclient", "nodeclient"] if spec.username == names.name else ["nodeclient"]


def question(request: CertificateSigningRequest, right: str) -> SubjectAccessReview:
    """Whether whoever made the request has that right."""
    spec = request.spec
    attributes = ResourceAttributes(group=GROUP, resource=PLURAL, subresource=right, verb="create", version="*")
    asked = SubjectAccessReviewSpec(
        user=spec.username, uid=spec.uid, groups=spec.groups, extra=spec.extra, resource_attributes=attributes
    )
    return SubjectAccessReview(spec=asked)
