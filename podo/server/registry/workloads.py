"""Kinds that make Pods from a template: generations, and what the server adds to their templates."""

from collections.abc import Sequence

from podo.server.context import Context
from podo.server.registry.pod_fields import drop_disabled
from podo.server.registry.pod_warnings import claim_warnings, name_warnings, template_warnings
from podo.server.strategy import Object, Strategy

ZONE_IN_SCHEDULE = (
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)
HISTORY = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
UNSET = {TEMPLATE_GENERATION: "0"}


class TemplateStrategy(Strategy):
    """A kind whose template stands in its spec."""

    path = "spec.template"
    names_pods = False
    """The Pods' names begin with the object's, which should thus be a DNS label."""

    def template(self, obj: Object) -> Object | None:
        """The template, if there is one."""
        template: Object | None = obj["spec"].get("template")
        return template

    def _pod_spec(self, obj: Object) -> Object | None:
        template = self.template(obj)
        return template["spec"] if template else None

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        drop_disabled(self._pod_spec(obj), None)

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        drop_disabled(self._pod_spec(obj), self._pod_spec(old))

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        found = name_warnings(obj, "Pod names and hostnames") if old is None and self.names_pods else []
        template = self.template(obj)
        unchanged = old is not None and obj["metadata"].get("generation") == old["metadata"].get("generation")
        return found if template is None or unchanged else [*found, *template_warnings(template, self.path)]


class NamesPods(TemplateStrategy):
    """A kind whose name its Pods' names begin with."""

    names_pods = True


class DeploymentStrategy(NamesPods):
    """A change of annotations counts too, and a change of status leaves the labels."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        super().prepare_update(obj, old, ctx)
        changed = obj["spec"] != old["spec"]
        if changed or obj["metadata"].get("annotations", {}) != old["metadata"].get("annotations", {}):
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


class StatefulSetStrategy(TemplateStrategy):
    """The claims of its Pods are looked at too. Only sets that have a `maxUnavailable` may have one: it is off."""

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        super().prepare_create(obj, ctx)
        _drop_max_unavailable(obj["spec"])

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        super().prepare_update(obj, old, ctx)
        if "maxUnavailable" not in old["spec"]["updateStrategy"].get("rollingUpdate", {}):
            _drop_max_unavailable(obj["spec"])

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        found, tail = [*super().warnings(obj, old)], "" if old is None else ".Spec"
        for index, claim in enumerate(obj["spec"].get("volumeClaimTemplates", ())):
            found += claim_warnings(claim["spec"], f"spec.volumeClaimTemplates[{index}]{tail}")
        return [*found, HISTORY] if obj["spec"].get("revisionHistoryLimit", 0) < 0 else found


def _drop_max_unavailable(spec: Object) -> None:
    rolling = spec["updateStrategy"].get("rollingUpdate", {})
    if "maxUnavailable" in rolling:
        kept = {key: value for key, value in rolling.items() if key != "maxUnavailable"}
        spec["updateStrategy"] = {**spec["updateStrategy"], "rollingUpdate": kept}


class DaemonSetStrategy(TemplateStrategy):
    """The number of the template stands in an annotation, for controllers of old."""

    def default(self, obj: Object, live: Object | None = None) -> None:
        super().default(obj, live)
        annotations = obj["metadata"].get("annotations") or {}
        obj["metadata"]["annotations"] = annotations if TEMPLATE_GENERATION in annotations else {**annotations, **UNSET}

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        super().prepare_create(obj, ctx)
        annotations = obj["metadata"].setdefault("annotations", {})
        given = annotations.get(TEMPLATE_GENERATION, "")
        annotations[TEMPLATE_GENERATION] = given if given.isdigit() and int(given) > 0 else "1"

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        number = old["metadata"].get("annotations", {}).get(TEMPLATE_GENERATION, "0")
        obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = number

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        super().prepare_update(obj, old, ctx)
        number = int(old["metadata"].get("annotations", {}).get(TEMPLATE_GENERATION, "0") or 0)
        if obj["spec"]["template"] != old["spec"]["template"]:
            number += 1
        obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = str(number)


class PodTemplateStrategy(TemplateStrategy):
    """The template is all there is."""

    path = "template"

    def template(self, obj: Object) -> Object | None:
        template: Object = obj["template"]
        return template


class CronJobStrategy(NamesPods):
    """The template is that of a Job."""

    path = "spec.jobTemplate.spec.template"

    def template(self, obj: Object) -> Object | None:
        template: Object = obj["spec"]["jobTemplate"]["spec"]["template"]
        return template

    def warnings(self, obj: Object, old: Object | None) -> Sequence[str]:
        found = [*super().warnings(obj, old)]
        if old is not None and "TZ" in obj["spec"]["schedule"]:
            found.append(ZONE_IN_SCHEDULE)
        return found


class JobStrategy(NamesPods):
    """A Job gets a selector of its own, unless it brings one; without labels it has those of its Pods."""

    def prepare_update(self, obj: Object, old: Object, ctx: Context) -> None:
        super().prepare_update(obj, old, ctx)
        _label_as_pods(obj)

    def prepare_status(self, obj: Object, old: Object, ctx: Context) -> None:
        _label_as_pods(obj)

    def prepare_create(self, obj: Object, ctx: Context) -> None:
        if not obj["spec"].get("manualSelector"):
            generate_selector(obj)
        super().prepare_create(obj, ctx)


def _label_as_pods(job: Object) -> None:
    labels = job["spec"]["template"]["metadata"].get("labels")
    if labels and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)


def generate_selector(job: Object) -> None:
    """Labels that no other Job's Pods bear, and a selector for them."""
    meta, spec = job["metadata"], job["spec"]
    labels = spec["template"]["metadata"].setdefault("labels", {})
    for key in ("job-name", "batch.kubernetes.io/job-name"):
        labels.setdefault(key, meta.get("name", ""))
    for key in ("controller-uid", "batch.kubernetes.io/controller-uid"):
        labels.setdefault(key, meta.get("uid", ""))
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault("batch.kubernetes.io/controller-uid", meta.get("uid", ""))
    meta.setdefault("labels", labels)
