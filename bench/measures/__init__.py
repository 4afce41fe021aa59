"""The list of measures. One file each; a new one is one more line here."""

from bench.measures import (
    apply,
    create,
    delete,
    deployment,
    fleet,
    get,
    idle_cpu,
    list_all,
    list_by_label,
    memory,
    memory_stored,
    patch,
    pod_ready,
    policy,
    rollout,
    scale,
    update_status,
    watch,
)
from bench.measures.base import Measure, Need

MEASURES = (
    Measure("memory", "≤ 130 MiB", memory.measure, Need.PROCESS),
    Measure("idle-cpu", "≤ 1 % of a core", idle_cpu.measure, Need.PROCESS),
    Measure("pod-ready", "≤ 0.12 s, p99 ≤ 0.25 s", pod_ready.measure, Need.NODES),
    Measure("deployment", "up ≤ 2.0 s, gone ≤ 1.5 s", deployment.measure, Need.NODES),
    Measure("rollout", "≤ 3 s", rollout.measure, Need.NODES),
    Measure("fleet", "≥ 500 Pods/s; idle ≤ 2 % of a core", fleet.measure, Need.NODES),
    Measure("get", "≥ 8,000/s at 16; p50 ≤ 0.3 ms at 1", get.measure),
    Measure("create", "≥ 3,800/s at 32; p50 ≤ 0.8 ms at 1", create.measure),
    Measure("update-status", "≥ 2,300/s at 16", update_status.measure),
    Measure("patch", "≥ 1,800/s at 16", patch.measure),
    Measure("apply", "≥ 2,300/s at 16", apply.measure),
    Measure("policy", "≤ 0.2 ms for ten expressions", policy.measure),
    Measure("delete", "≥ 3,500/s at 32", delete.measure),
    Measure("list", "≥ 1,000,000 objects/s", list_all.measure),
    Measure("list-by-label", "≤ 0.8 ms", list_by_label.measure),
    Measure("scale", "as fast with 100,000 as with 1,000", scale.measure),
    Measure("watch", "≥ 170,000 events/s; p99 ≤ 15 ms at 10/s, ≤ 100 ms at 100/s", watch.measure),
    Measure("memory-stored", "≤ 300 MiB with 50,000; ≤ 3 KiB each", memory_stored.measure, Need.PROCESS),
)
